import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@testable import SQLiteStorage

@Suite("SQLiteStore")
struct SQLiteStoreTests {
  @Test("A commit reaches what its batches ask for, never less than is safe, and the next one what the store is set to")
  func batchDurability() async throws {
    try await TemporaryFolder.with { folder in
      /// What SQLite was told before the commit: 2 flushes its journal, 1 does not.
      func level(_ store: SQLiteStore, _ asked: StoreDurability?...) async throws -> Int64? {
        for result in try await store.commit(asked.map { Batch(mutations: [.put(Key("a"), [1])], durability: $0) }) {
          _ = try result.get()
        }
        return try await store.writer.synchronousLevel
      }
      var store = try await SQLiteStore(path: folder.path)
      #expect(store.capabilities.durability == .full && store.capabilities.heedsBatchDurability)
      #expect(try await level(store, nil) == 2)
      #expect(try await level(store, .normal) == 1)
      #expect(try await level(store, StoreDurability.none) == 1)
      #expect(try await level(store, .normal, .full) == 2)
      #expect(try await level(store, .normal) == 1)
      #expect(try await level(store, .normal, nil) == 2)
      try await store.close()
      store = try await SQLiteStore(path: folder.path, durability: .normal)
      #expect(try await level(store, nil) == 1)
      #expect(try await level(store, .full) == 2)
      #expect(try await level(store, nil) == 1)
      try await store.close()
      store = try await SQLiteStore(path: folder.path, durability: .none)
      #expect(!store.capabilities.heedsBatchDurability)
      #expect(try await level(store, .full) == 0)
      try await store.close()
    }
  }

  @Test("A database with smaller pages, as earlier versions made them, keeps them and is worked on as before")
  func smallerPages() async throws {
    try await TemporaryFolder.with { folder in
      let location = SQLiteLocation(folder: folder.path)
      try SQLiteSchema.create(at: location, busyTimeout: .seconds(1), pageByteCount: 4_096)
      for pass in 0..<2 {
        let store = try await SQLiteStore(path: folder.path)
        let keys = (0..<3_000).map { Key("key \($0)") }
        try await store.commit { batch in for key in keys { batch.put(key, [UInt8](repeating: 7, count: 1_500)) } }
        try await store.commit { batch in for key in keys.dropFirst(1_000) { batch.delete(key) } }
        let records = try await store.scan(.all, limit: .max)
        #expect(records.map(\.key) == keys.prefix(1_000).sorted(), "pass \(pass)")
        #expect(records.allSatisfy { $0.value == [UInt8](repeating: 7, count: 1_500) }, "pass \(pass)")
        try await store.close()
      }
      let connection = try SQLiteConnection(path: folder.database, busyTimeout: .zero)
      #expect(try connection.pageByteCount == 4_096)
      // What may be in the journal is bounded in bytes, whatever the pages have.
      let journal = try SQLiteJournal(
        connection, byteCountLimit: .max, pageByteCount: connection.pageByteCount,
        timeouts: SQLiteTimeouts(busy: .zero))
      #expect(journal.pageCountLimit == 1_024)
    }
  }

  @Test("The room of deleted records is given back while the store is open")
  func spaceGivenBack() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await SQLiteStore(path: folder.path, durability: .none)
      let keys = (0..<20_000).map { Key("key \($0)") }
      try await store.commit { batch in for key in keys { batch.put(key, [UInt8](repeating: 7, count: 600)) } }
      let before = try pageCount(folder)
      #expect(before > 1_500)
      for start in stride(from: 0, to: keys.count, by: 500) {
        try await store.commit { batch in for key in keys[start..<start + 500] { batch.delete(key) } }
      }
      // Pages are given back a step at a time, with commits that are made anyway.
      for _ in 0..<20 {
        try await store.commit { batch in for _ in 0..<1_024 { batch.delete(Key("none")) } }
      }
      #expect(try pageCount(folder) < before / 5)
      try await store.close()
      let size = try folder.bytes(of: folder.database).count
      #expect(size < 2 * 1_024 * 1_024)
    }
  }

  @Test("The room of half a database is kept while it is open, and given back when it is closed")
  func halfKept() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await SQLiteStore(path: folder.path, durability: .none)
      let keys = (0..<20_000).map { Key("key \($0)") }
      try await store.commit { batch in for key in keys { batch.put(key, [UInt8](repeating: 7, count: 600)) } }
      let before = try pageCount(folder)
      // Sorted as text, so that whole pages get free.
      for key in keys.sorted().prefix(10_000) { try await store.commit { $0.delete(key) } }
      #expect(try pageCount(folder) >= before)
      try await store.close()
      #expect(try pageCount(folder) < before * 3 / 4)
    }
  }

  @Test("Runs of puts and of deletes do what each of them would do by itself, whatever is there", arguments: 0..<4)
  func runs(seed: UInt64) async throws {
    try await TemporaryFolder.with { folder in
      let store = try await SQLiteStore(path: folder.path, durability: .none)
      var generator = SeededGenerator(seed: seed)
      var expected: [Key: [UInt8]] = [:]
      for round in 0..<150 {
        var batch = Batch()
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          // Neighbours, mostly in order; some of them twice, some of them not there, and others between them.
          let first = Int.random(in: 0..<400, using: &generator)
          let step = Int.random(in: 1...2, using: &generator)
          var numbers = (0..<Int.random(in: 1...40, using: &generator)).map { first + $0 * step }
          if Int.random(in: 0..<3, using: &generator) == 0 { numbers.append(numbers[numbers.count / 2]) }
          if Int.random(in: 0..<3, using: &generator) == 0 { numbers.shuffle(using: &generator) }
          let isPut = Bool.random(using: &generator)
          for (index, number) in numbers.enumerated() {
            let key = Key(number == 7 ? "" : "key \(1_000 + number)")
            let value = (0..<number % 5).map { UInt8(truncatingIfNeeded: round + index + $0) }
            expected[key] = isPut ? value : nil
            if isPut { batch.put(key, value) } else { batch.delete(key) }
          }
        }
        let revision = try await store.commit([batch])[0].get()
        let records = try await store.scan(.all, limit: 2_000)
        #expect(records.map(\.key) == expected.keys.sorted())
        #expect(records.allSatisfy { $0.value == expected[$0.key] })
        for mutation in batch.mutations where expected[mutation.key] != nil {
          #expect(try await store.get([mutation.key])[0]?.revision == revision)
        }
      }
      try await store.close()
    }
  }

  #if os(Linux)
    @Test("A statement that touches many pages makes no file outside the store's folder")
    func noTemporaryFiles() async throws {
      try await TemporaryFolder.with { folder in
        let connection = try await filled(folder)
        try SQLiteSchema.configure(connection, durability: .full)
        let records = try SQLiteRecords(connection)
        try connection.execute("BEGIN IMMEDIATE")
        // Far apart and longer than before, so that for each a page of its own is divided, and the pages beside it change.
        let keys = (0..<SQLiteRecords.rowCount).map { Key("key \(10_000 + $0 * 500)") }
        try records.apply(keys.map { .put($0, [UInt8](repeating: 8, count: 900)) }, Revision(rawValue: 1))
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
          try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        }
        #expect(open.contains { $0.hasPrefix(folder.path) })
        #expect(!open.contains { $0.contains("etilqs") })
        try connection.execute("ROLLBACK")
      }
    }

    /// A database with ten thousand records of half a kibibyte, and a connection to it.
    private func filled(_ folder: TemporaryFolder) async throws -> SQLiteConnection {
      let store = try await SQLiteStore(path: folder.path, durability: .none)
      for start in stride(from: 10_000, to: 20_000, by: 1_000) {
        try await store.commit { batch in
          for number in start..<start + 1_000 { batch.put(Key("key \(number)"), [UInt8](repeating: 7, count: 600)) }
        }
      }
      try await store.close()
      return try SQLiteConnection(path: folder.database, busyTimeout: .seconds(1))
    }
  #endif

  @Test("The journal stays bounded however much is written")
  func boundedJournal() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await SQLiteStore(path: folder.path, durability: .none)
      for round in 0..<40 {
        try await store.commit { batch in
          for index in 0..<100 { batch.put(Key("key \(index)"), [UInt8](repeating: UInt8(round), count: 4_000)) }
        }
      }
      let size = try folder.bytes(of: "\(folder.database)-wal").count
      #expect(size < 12 * 1_024 * 1_024)
      try await store.close()
    }
  }

  @Test("A disk that is full refuses the commit as full, keeps what was there, and goes on when there is room")
  func fullDisk() async throws {
    try await TemporaryFolder.with { folder in
      guard mount("tmpfs", folder.path, "tmpfs", 0, "size=2m") == 0 else {
        Issue.record("mounting failed with errno \(errno): run the tests as root, as Tools/test does in CI")
        return
      }
      defer { umount2(folder.path, 2) }
      let store = try await SQLiteStore(path: folder.path)
      try await store.commit { $0.put(Key("kept"), [1]) }
      let error = try await storeError {
        for index in 0..<100 {
          try await store.commit { $0.put(Key("key \(index)"), [UInt8](repeating: 7, count: 100_000)) }
        }
      }
      #expect(error.code == .full)
      #expect(error.message.contains("no room"))
      #expect(error.message.contains(folder.path))
      #expect(try await store.value("kept") == [1])
      mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT), "size=32m")
      try await store.commit { $0.put(Key("later"), [UInt8](repeating: 7, count: 1_000_000)) }
      try await store.close()
    }
  }

  @Test("A commit that fails half way leaves nothing of any of its batches, and the store goes on")
  func failureHalfWay() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await SQLiteStore(path: folder.path, durability: .none)
      try await store.commit { $0.put(Key("a"), [1]) }
      // Stands for any failure of the engine that does not end the transaction by itself.
      let other = try SQLiteConnection(path: folder.database, busyTimeout: .seconds(5))
      try other.execute(
        "CREATE TRIGGER stop BEFORE INSERT ON records WHEN new.key = x'7A' BEGIN SELECT RAISE(ABORT, 'stop'); END")
      var first = Batch()
      first.put(Key("b"), [2])
      var failing = Batch()
      failing.put(Key("c"), [3])
      failing.put(Key("z"), [4])
      let error = try await storeError { _ = try await store.commit([first, failing]) }
      #expect(error.code == .engine)
      #expect(try await store.scan(.all, limit: 9).map(\.key) == [Key("a")])
      try other.execute("DROP TRIGGER stop")
      let results = try await store.commit([first, failing])
      #expect(results.allSatisfy { $0.refusal == nil })
      #expect(try await store.scan(.all, limit: 9).count == 4)
      try await store.close()
    }
  }

  @Test("A database whose journal a person has switched off gets it back")
  func journalSwitchedBack() async throws {
    try await TemporaryFolder.with { folder in
      try await SQLiteStore(path: folder.path).close()
      try SQLiteConnection(path: folder.database, busyTimeout: .zero).execute("PRAGMA journal_mode = DELETE")
      let store = try await SQLiteStore(path: folder.path)
      try await store.commit { $0.put(Key("a"), [1]) }
      #expect(folder.exists("\(folder.database)-wal"))
      try await store.close()
    }
  }

  #if os(Linux)
    @Test("A shared database that is opened once more in the same process keeps the locks that tell others it is open")
    func openedTwice() async throws {
      try await TemporaryFolder.with { folder in
        let store = try await SQLiteStore(path: folder.path, isShared: true)
        // Closed only at the end: to close it is what would take the locks away.
        let file = open(folder.database, O_RDWR | O_CLOEXEC)
        defer { close(file) }
        /// Whether somebody, this process included, holds the lock that every connection has
        /// (https://www.sqlite.org/lockingv3.html: 510 bytes behind the one at 1 GiB): asked as one who belongs to no process would be.
        func isKnownToBeOpen() -> Bool {
          var lock = flock()
          lock.l_type = Int16(F_WRLCK)
          (lock.l_start, lock.l_len) = ((1 << 30) + 2, 510)
          let queryLock: Int32 = 36  // F_OFD_GETLK
          return fcntl(file, queryLock, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
        }
        #expect(isKnownToBeOpen())
        let second = try await SQLiteStore(path: folder.path, isShared: true)
        #expect(isKnownToBeOpen())
        try await second.close()
        #expect(isKnownToBeOpen())
        try await store.close()
      }
    }
  #endif

  @Test("Another program that holds the database for longer than the busy timeout is told of")
  func busy() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await SQLiteStore(path: folder.path, busyTimeout: .zero)
      let other = try SQLiteConnection(path: folder.database, busyTimeout: .zero)
      try other.execute("BEGIN IMMEDIATE")
      let error = try await storeError { try await store.commit { $0.put(Key("a"), [1]) } }
      #expect(error.code == .inUse)
      #expect(error.message.contains("busyTimeout"))
      try other.execute("ROLLBACK")
      try await store.commit { $0.put(Key("a"), [1]) }
      try await store.close()
    }
  }

  @Test("The plugin makes a store from its options")
  func plugin() async throws {
    try await TemporaryFolder.with { folder in
      let options = PluginOptions(
        path: "storage",
        values: [
          "path": .string(folder.path), "durability": .string("normal"), "busyTimeout": .duration(.seconds(1)),
          "reserve": .size(65_536),
          "shared": .boolean(false),
        ])
      let context = PluginContext(time: SystemTimeSource(), warn: { _ in })
      let store = try await SQLiteStoragePlugin.make(options, in: context)
      try await store.commit { $0.put(Key("a"), [1]) }
      try await store.close()
      #expect(folder.exists(folder.database))
      #expect(SQLiteStoragePlugin.identifier.description == "storage.sqlite")
    }
  }

  private func pageCount(_ folder: TemporaryFolder) throws -> Int64 {
    try SQLiteConnection(path: folder.database, isReadOnly: true, busyTimeout: .seconds(5))
      .number("PRAGMA page_count") ?? 0
  }
}
