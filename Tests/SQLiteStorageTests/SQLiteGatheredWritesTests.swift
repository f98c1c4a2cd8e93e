import CSQLite
import CSQLiteStorage
import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@testable import SQLiteStorage

@Suite("The pages of a transaction are written to SQLite's journal together")
struct SQLiteGatheredWritesTests {
  /// How a database is worked on.
  struct Setting: Hashable, Sendable {
    var pageByteCount: Int
    /// Of pages in memory. With few of them, those of a transaction are written to the journal before it ends, read there again, and
    /// written over; with many, a COMMIT has more than is written at once.
    var cachePageCount: Int

    static let all = [
      Setting(pageByteCount: 8_192, cachePageCount: 10), Setting(pageByteCount: 8_192, cachePageCount: 1_000),
      Setting(pageByteCount: 512, cachePageCount: 50), Setting(pageByteCount: 65_536, cachePageCount: 100),
    ]
  }

  @Test(
    "What was committed is in the files at once, however it is flushed, and nothing else is",
    arguments: ["OFF", "NORMAL", "FULL"], Setting.all)
  func committed(synchronous: String, setting: Setting) async throws {
    try await TemporaryFolder.with { folder in
      try SQLiteSchema.create(
        at: SQLiteLocation(folder: folder.path), busyTimeout: .zero, pageByteCount: setting.pageByteCount)
      var generator = SeededGenerator(seed: UInt64(setting.pageByteCount + setting.cachePageCount))
      // They take turns, as two processes that share the database.
      let writers = try (0..<2).map { _ in
        try SQLiteConnection(path: folder.database, mayGatherWrites: true, busyTimeout: .zero)
      }
      let reader = try SQLiteConnection(path: folder.database, isReadOnly: true, busyTimeout: .zero)
      for writer in writers {
        try writer.execute(
          "PRAGMA synchronous = \(synchronous); PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = \(setting.cachePageCount)"
        )
      }
      var expected: [Int: Int] = [:]
      for round in 0..<120 {
        let writer = writers[Int.random(in: 0...1, using: &generator)]
        var wanted = expected
        try writer.execute("BEGIN IMMEDIATE")
        for _ in 0..<Int.random(in: 1...60, using: &generator) {
          try change(&wanted, round, with: writer, &generator)
        }
        if Int.random(in: 0..<3, using: &generator) == 0 {
          try writer.execute("ROLLBACK")
        } else {
          try writer.gatheringWrites { try writer.execute("COMMIT") }
          expected = wanted
        }
        #expect(try contents(of: reader) == expected, "round \(round)")
        #expect(try contentsAfterKill(of: folder) == expected, "round \(round)")
        if Int.random(in: 0..<6, using: &generator) == 0 {
          let modes = [SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_RESTART]
          _ = try writer.checkpoint(modes[Int.random(in: 0...1, using: &generator)])
        }
      }
    }
  }

  @Test("A commit is in the file when SQLite tells of it", arguments: ["OFF", "FULL"])
  func writtenBeforeItIsTold(synchronous: String) async throws {
    try await TemporaryFolder.with { folder in
      try SQLiteSchema.create(at: SQLiteLocation(folder: folder.path), busyTimeout: .zero)
      let journal = "\(folder.database)-wal"
      var database: OpaquePointer?
      let result = sqlite3_open_v2(
        folder.database, &database, SQLITE_OPEN_READWRITE, tombolo_sqlite_gathering_layer())
      try #require(result == SQLITE_OK && tombolo_sqlite_gathering_layer() != nil)
      defer { sqlite3_close(database) }
      func run(_ text: String) throws { try #require(sqlite3_exec(database, text, nil, nil, nil) == SQLITE_OK) }
      try run("PRAGMA synchronous = \(synchronous); PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a)")
      let told = Told(journal: journal)
      // Called within COMMIT, when the pages were flushed and other connections see them. Safety: `told` outlives the hook.
      sqlite3_wal_hook(
        database,
        { context, _, _, pageCount in
          guard let context else { return SQLITE_ERROR }
          Unmanaged<Told>.fromOpaque(context).takeUnretainedValue().look(pageCount)
          return SQLITE_OK
        }, Unmanaged.passUnretained(told).toOpaque())
      for byteCount in [10, 80_000, 300_000] {
        try run("BEGIN IMMEDIATE; INSERT INTO t VALUES (zeroblob(\(byteCount)))")
        tombolo_sqlite_gather(database, 1)
        try run("COMMIT")
        tombolo_sqlite_gather(database, 0)
      }
      sqlite3_wal_hook(database, nil, nil)
      #expect(told.missingByteCounts == [0, 0, 0])
      withExtendedLifetime(told) {}
    }
  }

  /// What the journal lacked of what SQLite told that it holds, at each commit.
  private final class Told {
    let journal: String
    var missingByteCounts: [Int] = []

    init(journal: String) { self.journal = journal }

    func look(_ pageCount: Int32) {
      var status = stat()
      let byteCount = stat(journal, &status) == 0 ? Int(status.st_size) : 0
      // https://www.sqlite.org/fileformat2.html#walformat
      missingByteCounts.append(32 + Int(pageCount) * (24 + SQLiteSchema.pageByteCount) - byteCount)
    }
  }

  /// Puts or deletes one record, of a length that is told apart.
  private func change(
    _ expected: inout [Int: Int], _ round: Int, with connection: SQLiteConnection, _ generator: inout SeededGenerator
  ) throws {
    let key = Int.random(in: 0..<200, using: &generator)
    if Int.random(in: 0..<4, using: &generator) == 0 {
      try connection.execute("DELETE FROM records WHERE key = x'\(Self.hexadecimal(key))'")
      expected[key] = nil
    } else {
      let byteCount = Int.random(in: 0...1, using: &generator) == 0 ? 100 + round : 5_000 + round
      try connection.execute(
        "INSERT OR REPLACE INTO records VALUES (x'\(Self.hexadecimal(key))', \(key), zeroblob(\(byteCount)))")
      expected[key] = byteCount
    }
  }

  private static func hexadecimal(_ key: Int) -> String { String(0x10_000 + key, radix: 16).suffix(4).description }

  /// The lengths of the values.
  private func contents(of connection: SQLiteConnection) throws -> [Int: Int] {
    #expect(try connection.text("PRAGMA integrity_check") == "ok")
    let statement = try connection.prepare("SELECT revision, length(value) FROM records")
    defer { statement.reset() }
    var contents: [Int: Int] = [:]
    while try statement.step() { contents[Int(statement.integer(at: 0))] = Int(statement.integer(at: 1)) }
    return contents
  }

  /// What another process finds when this one is killed now.
  ///
  /// To read a database that is open costs this process its locks on it (`SQLiteOpenDatabase`), which nobody else asks for here.
  private func contentsAfterKill(of folder: TemporaryFolder) throws -> [Int: Int] {
    let copy = "\(folder.path)/copy.sqlite"
    for suffix in ["", "-wal"] {
      try folder.write(folder.bytes(of: folder.database + suffix), to: copy + suffix)
    }
    let connection = try SQLiteConnection(path: copy, busyTimeout: .zero)
    defer { for suffix in ["", "-wal", "-shm"] { unlink(copy + suffix) } }
    return try contents(of: connection)
  }

  #if os(Linux)
    @Test(
      "A transaction takes a call for each 124 KiB where SQLite itself makes two for each page",
      arguments: [(false, 80_000, 20...30), (true, 80_000, 1...1), (false, 300_000, 76...90), (true, 300_000, 3...3)])
    func callCount(gathersWrites: Bool, byteCount: Int, expected: ClosedRange<Int>) async throws {
      try await TemporaryFolder.with { folder in
        try SQLiteSchema.create(at: SQLiteLocation(folder: folder.path), busyTimeout: .zero)
        let connection = try SQLiteConnection(
          path: folder.database, mayGatherWrites: gathersWrites, busyTimeout: .zero)
        // The first transaction begins the journal.
        try connection.execute("INSERT INTO records VALUES (x'00', 1, zeroblob(10))")
        // What is longer than a quarter of a page has pages of its own.
        try connection.execute("BEGIN IMMEDIATE; INSERT INTO records VALUES (x'01', 1, zeroblob(\(byteCount)))")
        let before = try Self.writeCount()
        try connection.gatheringWrites { try connection.execute("COMMIT") }
        let count = try Self.writeCount() - before
        #expect(expected.contains(count), "\(count)")
      }
    }

    /// The calls by which this thread has written so far.
    private static func writeCount() throws -> Int {
      let text = try String(contentsOfFile: "/proc/thread-self/io", encoding: .utf8)
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("syscw: ") })
      return try #require(Int(line.dropFirst("syscw: ".count)))
    }
  #endif
}
