import Foundation
import Synchronization
import Testing
import TomboloPorts
import TomboloTesting

@testable import SQLiteStorage

@Suite("SQLiteStore beside readers and writers", .timeLimit(.minutes(20)))
struct SQLiteReadingTests {
  @Test("Reading goes on while a write transaction is held open, and sees nothing of it")
  func readersDoNotWait() async throws {
    try await TemporaryFolder.with { folder in
      // Longer than the reads below can take, however busy the machine is.
      let store = try await SQLiteStore(path: folder.path, busyTimeout: .seconds(3_600))
      try await store.commit { $0.put(Key("a"), [1]) }
      let other = try SQLiteConnection(path: folder.database, busyTimeout: .zero)
      try other.execute("BEGIN IMMEDIATE; UPDATE records SET value = x'02'")
      // Waits for the transaction, on the writer's thread.
      async let revision = store.commit { $0.put(Key("a"), [3]) }
      for _ in 0..<100 {
        #expect(try await store.value("a") == [1])
        #expect(try await store.scan(.all, limit: 9).map(\.value) == [[1]])
      }
      try other.execute("ROLLBACK")
      _ = try await revision
      #expect(try await store.value("a") == [3])
      try await store.close()
    }
  }

  @Test("The journal stays bounded while much is written and at every moment somebody reads")
  func boundedJournalUnderReaders() async throws {
    try await TemporaryFolder.with { folder in
      // The writer waits for readers until each has had its turn, however busy the machine is: what is judged is that it need not wait
      // for a moment without any.
      let timeouts = SQLiteTimeouts(busy: .seconds(600), restart: .seconds(600))
      let store = try await SQLiteStore(path: folder.path, durability: .none, timeouts: timeouts)
      try await store.commit { $0.put(Key("a"), [1]) }
      let readers = OverlappingReaders(of: folder.database)
      defer { readers.stop() }
      for await _ in readers.begun {}
      var largest = 0
      for round in 0..<300 {
        try await store.commit { batch in
          for index in 0..<50 { batch.put(Key("new \(index)"), [UInt8](repeating: UInt8(round % 251), count: 4_000)) }
        }
        largest = max(largest, folder.byteCount(of: "\(folder.database)-wal"))
      }
      readers.stop()
      for await result in readers.results { try result.get() }
      // 60 MB were written.
      #expect(largest < 14 * 1_024 * 1_024)
      try await store.close()
    }
  }

  /// Two readers of another program, on a thread of their own: one begins before the other ends, so that there is never a moment
  /// without one.
  private final class OverlappingReaders: Sendable {
    /// Ends when the first one has begun to read.
    let begun: AsyncStream<Void>
    /// Once they were stopped: whether they could read all the time.
    let results: AsyncStream<Result<Void, any Error>>
    private let isStopped = Atomic(false)

    init(of database: String) {
      let (begun, begin) = AsyncStream<Void>.makeStream()
      let (results, end) = AsyncStream<Result<Void, any Error>>.makeStream()
      (self.begun, self.results) = (begun, results)
      Thread.detachNewThread { [self] in
        do {
          try read(database) { begin.finish() }
          end.yield(.success(()))
        } catch {
          end.yield(.failure(error))
        }
        begin.finish()
        end.finish()
      }
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    private func read(_ database: String, didBegin: () -> Void) throws {
      let readers = try (0..<2).map { _ in
        try SQLiteConnection(path: database, isReadOnly: true, busyTimeout: .seconds(5))
      }
      try readers[1].execute("BEGIN; SELECT count(*) FROM meta")
      didBegin()
      var turn = 0
      while !isStopped.load(ordering: .relaxed) {
        try readers[turn].execute("BEGIN; SELECT count(*) FROM meta")
        turn = 1 - turn
        sched_yield()
        try readers[turn].execute("COMMIT")
      }
    }
  }

  @Test("A reader that never ends makes no commit fail, and the journal is cut back once it has ended")
  func readerThatStays() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await SQLiteStore(path: folder.path, durability: .none, busyTimeout: .zero)
      try await store.commit { $0.put(Key("a"), [1]) }
      let other = try SQLiteConnection(path: folder.database, isReadOnly: true, busyTimeout: .zero)
      try other.execute("BEGIN; SELECT * FROM records")
      func write() async throws {
        for round in 0..<50 {
          try await store.commit { batch in
            for index in 0..<100 { batch.put(Key("k\(index)"), [UInt8](repeating: UInt8(round), count: 4_000)) }
          }
        }
      }
      try await write()
      let journal = "\(folder.database)-wal"
      #expect(folder.byteCount(of: journal) > 14 * 1_024 * 1_024)
      try other.execute("COMMIT")
      try await write()
      #expect(folder.byteCount(of: journal) < 14 * 1_024 * 1_024)
      try await store.close()
    }
  }

  @Test("The level of durability is set on the connection that writes", arguments: StoreDurability.allCases)
  func synchronousIsSet(durability: StoreDurability) async throws {
    try await TemporaryFolder.with { folder in
      try await SQLiteStore(path: folder.path).close()
      let connection = try SQLiteConnection(path: folder.database, busyTimeout: .zero)
      try SQLiteSchema.configure(connection, durability: durability)
      // https://www.sqlite.org/pragma.html#pragma_synchronous
      let expected: [StoreDurability: Int64] = [.none: 0, .normal: 1, .full: 2]
      #expect(try connection.number("PRAGMA synchronous") == expected[durability])
      #expect(try connection.text("PRAGMA journal_mode") == "wal")
    }
  }

  @Test("Damage that is met later is told, and from then on nothing is written")
  func damageMetLater() async throws {
    try await TemporaryFolder.with { folder in
      // Too large to be looked at page by page when it is opened.
      let count = 20_000
      var store = try await SQLiteStore(path: folder.path, durability: .none)
      for start in stride(from: 0, to: count, by: 1_000) {
        try await store.commit { batch in
          for index in start..<start + 1_000 { batch.put(Self.key(index), [UInt8](repeating: 7, count: 1_000)) }
        }
      }
      try await store.close()
      var bytes = try folder.bytes(of: folder.database)
      let pageByteCount = SQLiteSchema.pageByteCount
      let middle = bytes.count / 2 / pageByteCount * pageByteCount
      for page in 0..<8 { for offset in 0..<64 { bytes[middle + page * pageByteCount + offset] = 0x5A } }
      try folder.write(bytes, to: folder.database)
      store = try await SQLiteStore(path: folder.path, durability: .none)
      try await store.commit { $0.put(Self.key(0), [1]) }
      let error = try await storeError { _ = try await store.scan(.all, limit: .max) }
      #expect(error.code == .damaged)
      #expect(error.message.contains(folder.database))
      #expect(error.message.contains("move it away"))
      let refusal = try await storeError { try await store.commit { $0.put(Self.key(0), [2]) } }
      #expect(refusal.code == .damaged)
      #expect(try await store.get(Self.key(0))?.value == [1])
      try await store.close()
    }
  }

  private static func key(_ number: Int) -> Key { Key([UInt8(number >> 8), UInt8(number & 0xFF)]) }
}
