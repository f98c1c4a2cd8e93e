import CSQLite
import Foundation
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import SQLiteStorage

@Suite("SQLiteStore refuses what it cannot work on")
struct SQLiteRefusalTests {
  /// A closed database with some records, large enough for several levels of pages.
  private func fill(_ folder: TemporaryFolder) async throws {
    let store = try await SQLiteStore(path: folder.path, durability: .none)
    try await store.commit { batch in
      for index in 0..<2_000 { batch.put(Key("key \(index)"), [UInt8](repeating: UInt8(index % 251), count: 200)) }
    }
    try await store.close()
  }

  private func openError(_ path: String) async throws -> StoreError {
    try await storeError { _ = try await SQLiteStore(path: path) }
  }

  @Test("Who joins a process that made no database makes none beside it, and is told to open it again")
  func joiningNothing() async throws {
    try await TemporaryFolder.with { folder in
      let other = try StoreFolder(folder.path, engine: "sqlite", isShared: true)
      try other.share()
      let error = try await storeError { _ = try await SQLiteStore(path: folder.path, isShared: true) }
      #expect(error.code == .inUse)
      #expect(error.message.contains("while it made the database; open it again"), "\(error)")
      #expect(!FileManager.default.fileExists(atPath: folder.database))
      withExtendedLifetime(other) {}
    }
  }

  @Test(
    "After an unknown outcome every read and commit is refused with closed, so that whoever works on the store ends")
  func unknownOutcome() async throws {
    let refusal = SQLiteRefusal(path: "a.sqlite")
    let unknown = StoreError(.outcomeUnknown, "the disk failed")
    #expect(try await storeError { try await refusal.writing { throw unknown } }.code == .outcomeUnknown)
    for error in [
      try await storeError { try await refusal.reading {} }, try await storeError { try await refusal.writing {} },
    ] {
      #expect(error.code == .closed)
      #expect(error.message.hasPrefix("a.sqlite: the store closed itself; "))
    }
  }

  @Test("A commit for which there is no room left was not applied, whether the disk is full or the user's share of it")
  func commitWithoutRoom() {
    // What SQLite answers: https://www.sqlite.org/rescode.html#ioerr_write
    let write = SQLITE_IOERR | 3 << 8
    for (result, systemError, code) in [
      (SQLITE_FULL, ENOSPC, StoreError.Code.full), (write, EDQUOT, .full), (write, EIO, .outcomeUnknown),
      (SQLITE_IOERR | 4 << 8, EDQUOT, .outcomeUnknown),
    ] {
      let failure = SQLiteFailure(result: result, systemError: systemError, text: "")
      #expect(failure.storeErrorOfCommit(path: "a.sqlite").code == code, "\(failure)")
    }
  }

  @Test("A page overwritten with noise is damage, whichever of the first pages it is", arguments: 0..<8)
  func overwrittenPage(page: Int) async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      var bytes = try folder.bytes(of: folder.database)
      let start = page * SQLiteSchema.pageByteCount
      for offset in 0..<512 { bytes[start + offset] = UInt8(truncatingIfNeeded: offset &* 37 &+ 91) }
      try folder.write(bytes, to: folder.database)
      let error = try await openError(folder.path)
      #expect(error.code == .damaged)
      #expect(error.message.contains(folder.database))
    }
  }

  @Test("A flipped bit in the header of one of the first pages is met with damaged, or changes nothing that is read")
  func flippedBits() async throws {
    // The same places in every run; the nightly ones look at others.
    let isNightly = ProcessInfo.processInfo.environment["TOMBOLO_NIGHTLY"] == "1"
    let seed = isNightly ? UInt64.random(in: .min ... .max) : 1
    var random = SeededGenerator(seed: seed)
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      let whole = try folder.bytes(of: folder.database)
      var refusalCount = 0
      // Every byte of the file's header, where a wrong number has the most different effects, then the pages' own headers.
      let offsets =
        Array(0..<112)
        + (0..<40).map { _ in
          Int.random(in: 1..<4, using: &random) * SQLiteSchema.pageByteCount + Int.random(in: 0..<24, using: &random)
        }
      for offset in offsets {
        var bytes = whole
        bytes[offset] ^= 1 << UInt8.random(in: 0...7, using: &random)
        try folder.write(bytes, to: folder.database)
        do {
          let store = try await SQLiteStore(path: folder.path, durability: .none)
          let count = try await store.scan(.all, limit: .max).count
          #expect(count == 2_000, "seed \(seed), offset \(offset)")
          try await store.close()
        } catch let error as StoreError {
          #expect(error.code == .damaged, "seed \(seed), offset \(offset): \(error)")
          refusalCount += 1
        }
      }
      #expect(refusalCount > 20, "seed \(seed)")
    }
  }

  @Test("A database that is gone while its journal is there is damage")
  func missingDatabase() async throws {
    try await TemporaryFolder.with { folder in
      try folder.write([1, 2, 3], to: "\(folder.database)-wal")
      let error = try await openError(folder.path)
      #expect(error.code == .damaged)
      #expect(error.message.contains("is missing"))
    }
  }

  @Test("A database of another program is left alone")
  func foreignDatabase() async throws {
    try await TemporaryFolder.with { folder in
      try folder.write([], to: folder.database)
      try SQLiteConnection(path: folder.database, busyTimeout: .zero).execute("CREATE TABLE theirs (x)")
      let error = try await openError(folder.path)
      #expect(error.code == .damaged)
      #expect(error.message.contains("another program"))
    }
  }

  @Test("A database of a newer program is left alone")
  func newerSchema() async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      try SQLiteConnection(path: folder.database, busyTimeout: .zero).execute("PRAGMA user_version = 99")
      let error = try await openError(folder.path)
      #expect(error.code == .damaged)
      #expect(error.message.contains("newer program"))
      #expect(error.message.contains("99"))
    }
  }
}
