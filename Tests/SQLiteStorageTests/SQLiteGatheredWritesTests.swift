import CSQLite
import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@testable import SQLiteStorage

@Suite("The pages of a transaction are written to SQLite's journal together")
struct SQLiteGatheredWritesTests {
  @Test(
    "What was committed is in the files at once, however it is flushed, and nothing else is",
    arguments: ["OFF", "NORMAL", "FULL"], 0..<4)
  func committed(synchronous: String, seed: UInt64) async throws {
    try await TemporaryFolder.with { folder in
      try SQLiteSchema.create(at: SQLiteLocation(folder: folder.path), busyTimeout: .zero)
      var generator = SeededGenerator(seed: seed)
      // They take turns, as two processes that share the database.
      let writers = try (0..<2).map { _ in
        try SQLiteConnection(path: folder.database, mayGatherWrites: true, busyTimeout: .zero)
      }
      let reader = try SQLiteConnection(path: folder.database, isReadOnly: true, busyTimeout: .zero)
      // With so few pages in memory, those of a transaction are written to the journal before it ends, read there again, and written over.
      for writer in writers {
        try writer.execute("PRAGMA synchronous = \(synchronous); PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 10")
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
      "A transaction of many pages takes a single call where SQLite itself makes two for each page",
      arguments: [false, true])
    func callCount(gathersWrites: Bool) async throws {
      try await TemporaryFolder.with { folder in
        try SQLiteSchema.create(at: SQLiteLocation(folder: folder.path), busyTimeout: .zero)
        let connection = try SQLiteConnection(
          path: folder.database, mayGatherWrites: gathersWrites, busyTimeout: .zero)
        // The first transaction begins the journal.
        try connection.execute("INSERT INTO records VALUES (x'00', 1, zeroblob(10))")
        // Some ten pages, because what is longer than a quarter of one has pages of its own.
        try connection.execute("BEGIN IMMEDIATE; INSERT INTO records VALUES (x'01', 1, zeroblob(80000))")
        let before = try Self.writeCount()
        try connection.gatheringWrites { try connection.execute("COMMIT") }
        let count = try Self.writeCount() - before
        #expect(gathersWrites ? count == 1 : count >= 20, "\(count)")
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
