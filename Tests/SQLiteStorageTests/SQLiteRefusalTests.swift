import Foundation
import Testing
import TomboloPorts
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

  @Test("A second store in this process is refused, and the message names this process")
  func secondInProcess() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await SQLiteStore(path: folder.path)
      let error = try await openError(folder.path + "/")
      #expect(error.code == .inUse)
      #expect(error.message.contains("another store object in this process (pid \(getpid()))"))
      try await store.commit { $0.put(Key("a"), [1]) }
      try await store.close()
      try await SQLiteStore(path: folder.path).close()
    }
  }

  @Test("A store held by another process is refused, and the message names that process")
  func secondProcess() async throws {
    try await TemporaryFolder.with { folder in
      // Holds the lock as a second Tombolo would, says so, and ends when its input does.
      let script = """
        import fcntl, os, sys
        file = open(sys.argv[1], "w"); fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{os.getpid()}\\n"); file.flush(); print("held", flush=True); sys.stdin.read()
        """
      let holder = Process()
      holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      holder.arguments = ["python3", "-c", script, "\(folder.path)/tombolo.lock"]
      let input = Pipe()
      let output = Pipe()
      holder.standardInput = input
      holder.standardOutput = output
      let (ends, end) = AsyncStream<Void>.makeStream()
      holder.terminationHandler = { _ in end.finish() }
      try holder.run()
      #expect(String(decoding: output.fileHandleForReading.readData(ofLength: 5), as: UTF8.self) == "held\n")
      let error = try await openError(folder.path)
      #expect(error.code == .inUse)
      #expect(error.message.contains("pid \(holder.processIdentifier)"))
      #expect(!folder.exists(folder.database))
      try input.fileHandleForWriting.close()
      for await _ in ends {}
      try await SQLiteStore(path: folder.path).close()
    }
  }

  @Test("A file that is no database, or was cut off, is damage: the store stays away from it")
  func garbage() async throws {
    for kind in ["empty", "short", "garbage", "half"] {
      try await TemporaryFolder.with { folder in
        try await fill(folder)
        let whole = try folder.bytes(of: folder.database)
        let damaged: [UInt8] =
          switch kind {
          case "empty": []
          case "short": Array(whole[..<60])
          case "garbage": [UInt8](repeating: 0x5A, count: 8_192)
          default: Array(whole[..<(whole.count / 2)])
          }
        try folder.write(damaged, to: folder.database)
        let error = try await openError(folder.path)
        #expect(error.code == .damaged, "\(kind)")
        #expect(error.message.contains(folder.database), "\(kind)")
        #expect(error.message.contains("move it away"), "\(kind)")
        #expect(error.message.contains("cut off") == (kind != "garbage"), "\(kind)")
        #expect(try folder.bytes(of: folder.database) == damaged, "\(kind)")
        try folder.write(whole, to: folder.database)
        let store = try await SQLiteStore(path: folder.path)
        #expect(try await store.scan(.all, limit: .max).count == 2_000, "\(kind)")
        try await store.close()
      }
    }
  }

  @Test("A page overwritten with noise is damage, whichever of the first pages it is", arguments: 0..<8)
  func overwrittenPage(page: Int) async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      var bytes = try folder.bytes(of: folder.database)
      for offset in 0..<512 { bytes[page * 4_096 + offset] = UInt8(truncatingIfNeeded: offset &* 37 &+ 91) }
      try folder.write(bytes, to: folder.database)
      let error = try await openError(folder.path)
      #expect(error.code == .damaged)
      #expect(error.message.contains(folder.database))
    }
  }

  @Test("A flipped bit in the header of one of the first pages is met with damaged, or changes nothing that is read")
  func flippedBits() async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      let whole = try folder.bytes(of: folder.database)
      var refusalCount = 0
      // Every byte of the file's header, where a wrong number has the most different effects, then the pages' own headers.
      let offsets =
        Array(0..<112)
        + (0..<40).map { _ in
          Int.random(in: 1..<4, using: &random) * 4_096 + Int.random(in: 0..<24, using: &random)
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

  @Test("A file where the folder should be, or above it, is named", arguments: ["file", "file/below"])
  func fileInPlaceOfFolder(name: String) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write([1], to: "\(folder.path)/file")
      let error = try await openError("\(folder.path)/\(name)")
      #expect(error.code == .inaccessible)
      #expect(error.message.contains("\(folder.path)/\(name)"))
      #expect(error.message.contains("name another `path`"))
    }
  }

  @Test("A folder in place of the database is named")
  func folderInPlaceOfDatabase() async throws {
    try await TemporaryFolder.with { folder in
      try FileManager.default.createDirectory(atPath: folder.database, withIntermediateDirectories: false)
      let error = try await openError(folder.path)
      #expect(error.code == .inaccessible)
      #expect(error.message.contains(folder.database))
    }
  }

  @Test("A folder that cannot be written is named")
  func readOnlyFolder() async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      guard mount(folder.path, folder.path, nil, UInt(MS_BIND), nil) == 0 else {
        Issue.record("mounting failed with errno \(errno): run the tests as root, as Tools/test does in CI")
        return
      }
      defer { umount2(folder.path, 2) }
      mount(nil, folder.path, nil, UInt(MS_BIND) | UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil)
      let error = try await openError(folder.path)
      #expect(error.code == .inaccessible)
      #expect(error.message.contains(folder.path))
    }
  }

  @Test("No message of a refusal holds a value")
  func noValuesInMessages() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await SQLiteStore(path: folder.path)
      let secret = "a secret value"
      try await store.commit { $0.put(Key("a"), Array(secret.utf8)) }
      let error = try await storeError {
        try await store.commit { batch in
          batch.checkAbsent(Key("a"))
          batch.put(Key("a"), Array(secret.utf8))
        }
      }
      #expect(!error.description.contains(secret))
      try await store.close()
    }
  }
}
