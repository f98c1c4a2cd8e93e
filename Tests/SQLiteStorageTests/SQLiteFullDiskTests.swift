import Foundation
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import SQLiteStorage

@Suite("A full disk never prevents settling (SQLite)", .serialized, .timeLimit(.minutes(30)))
struct SQLiteFullDiskTests {
  private static let diskByteCount = 8 * 1_024 * 1_024

  private static func key(_ number: Int) -> Key { Key("operation \(number)") }

  /// Puts records of `byteCount` bytes, counting them as a queue does, until the store is full; answers with how many.
  private func fill(_ store: SQLiteStore, from first: Int = 0, byteCount: Int) async throws -> Int {
    for number in first..<100_000 {
      do {
        try await store.commit { batch in
          batch.put(Self.key(number), [UInt8](repeating: UInt8(number % 251), count: byteCount))
          batch.put(Key("counts"), [UInt8](repeating: UInt8(number % 251), count: 100))
        }
      } catch let error as StoreError where error.code == .full {
        return number
      }
    }
    Issue.record("the disk never was full")
    return 0
  }

  /// Deletes the records one by one, with the small put of a queue's counts beside each deletion.
  private func settle(_ store: SQLiteStore, _ numbers: some Sequence<Int>) async throws {
    for number in numbers {
      try await store.commit { batch in
        batch.delete(Self.key(number))
        batch.put(Key("counts"), [UInt8](repeating: UInt8(number % 251), count: 100))
      }
    }
  }

  @Test(
    "Filled until full, everything can be settled one by one, and then there is room again, time after time",
    arguments: [1_000, 60_000])
  func fillSettleFill(byteCount: Int) async throws {
    try await SmallDisk.with(byteCount: Self.diskByteCount) { disk in
      let store = try await SQLiteStore(path: disk.path)
      var counts: [Int] = []
      for _ in 0..<3 {
        let count = try await fill(store, byteCount: byteCount)
        counts.append(count)
        disk.fillUp()
        try await settle(store, 0..<count)
        disk.empty()
        #expect(try await store.scan(.all, limit: 9).map(\.key) == [Key("counts")])
      }
      // Nothing wears away: the last round takes about as much as the first.
      #expect(counts[0] * byteCount > 1_024 * 1_024, "\(counts)")
      #expect(counts[2] > counts[0] * 3 / 4, "\(counts)")
      try await store.close()
    }
  }

  @Test("Settling waits for its turn, and goes on, while somebody reads all the time")
  func readersWhileFull() async throws {
    try await SmallDisk.with(byteCount: Self.diskByteCount) { disk in
      // Waits for readers until each has had its turn, however busy the machine is.
      let timeouts = SQLiteTimeouts(busy: .seconds(600), restart: .seconds(600))
      let store = try await SQLiteStore(path: disk.path, timeouts: timeouts)
      let count = try await fill(store, byteCount: 3_000)
      disk.fillUp()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<2 {
          group.addTask { while !Task.isCancelled { _ = try await Self.scanUnlessCancelled(store) } }
        }
        try await settle(store, 0..<count)
        group.cancelAll()
        try await group.waitForAll()
      }
      disk.empty()
      try await store.commit { $0.put(Key("later"), [UInt8](repeating: 7, count: 100_000)) }
      try await store.close()
    }
  }

  @Test("What is free in the database makes room again, though there is none to move all that lies behind it at once")
  func muchIsFreeBeforeTheReserveIsSpent() async throws {
    try await SmallDisk.with(byteCount: Self.diskByteCount) { disk in
      let timeouts = SQLiteTimeouts(busy: .milliseconds(10), restart: .milliseconds(10))
      let store = try await SQLiteStore(path: disk.path, timeouts: timeouts)
      let count = try await fill(store, byteCount: 3_000)
      disk.fillUp()
      // The journal has room enough while it can begin anew.
      var settledCount = count / 2
      try await settle(store, 0..<settledCount)
      #expect(disk.hasReserve)
      // Another program that reads keeps it from that.
      let other = try SQLiteConnection(path: "\(disk.path)/tombolo.sqlite", isReadOnly: true, busyTimeout: .zero)
      try other.execute("BEGIN; SELECT * FROM sqlite_schema")
      while disk.hasReserve, settledCount < count - 2 {
        try await settle(store, [settledCount])
        settledCount += 1
      }
      try #require(!disk.hasReserve)
      try other.execute("COMMIT")
      try await settle(store, [settledCount])
      try await store.commit { $0.put(Key("later"), [UInt8](repeating: 7, count: 100_000)) }
      #expect(disk.hasReserve)
      try await settle(store, settledCount + 1..<count)
      #expect(try await store.scan(.all, limit: 9).map(\.key) == [Key("counts"), Key("later")])
      try await store.close()
    }
  }

  @Test("Where a database was made to keep its free pages, what adds is refused as full, and settling goes on")
  func withoutIncrementalVacuum() async throws {
    try await SmallDisk.with(byteCount: Self.diskByteCount) { disk in
      try await SQLiteStore(path: disk.path).close()
      // As somebody may have done by hand.
      let byHand = try SQLiteConnection(path: "\(disk.path)/tombolo.sqlite", busyTimeout: .zero)
      try byHand.execute("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM")
      try byHand.close()
      let timeouts = SQLiteTimeouts(busy: .milliseconds(10), restart: .milliseconds(10))
      let store = try await SQLiteStore(path: disk.path, timeouts: timeouts)
      let count = 500
      for number in 0..<count {
        try await store.commit { $0.put(Self.key(number), [UInt8](repeating: 7, count: 3_000)) }
      }
      disk.fillUp()
      let other = try SQLiteConnection(path: "\(disk.path)/tombolo.sqlite", isReadOnly: true, busyTimeout: .zero)
      try other.execute("BEGIN; SELECT * FROM sqlite_schema")
      var settledCount = 0
      while disk.hasReserve, settledCount < count {
        try await settle(store, [settledCount])
        settledCount += 1
      }
      try #require(!disk.hasReserve)
      try other.execute("COMMIT")
      let error = try await storeError {
        try await store.commit { $0.put(Key("later"), [UInt8](repeating: 7, count: 100_000)) }
      }
      #expect(error.code == .full)
      try await settle(store, settledCount..<count)
      #expect(try await store.scan(.all, limit: 9).map(\.key) == [Key("counts")])
      disk.empty()
      try await store.commit { $0.put(Key("later"), [UInt8](repeating: 7, count: 100_000)) }
      #expect(disk.hasReserve)
      try await store.close()
    }
  }

  @Test("A step gives pages back where the database lets it, and says so", arguments: ["NONE", "INCREMENTAL"])
  func step(vacuum: String) async throws {
    try await SmallDisk.with(byteCount: Self.diskByteCount) { disk in
      try await SQLiteStore(path: disk.path).close()
      let connection = try SQLiteConnection(path: "\(disk.path)/tombolo.sqlite", busyTimeout: .zero)
      try connection.execute(
        """
        PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = \(vacuum); VACUUM; PRAGMA journal_mode = WAL;
        CREATE TABLE sample (value); INSERT INTO sample VALUES (zeroblob(100000)); DELETE FROM sample;
        """)
      let freeCount = try #require(try connection.number("PRAGMA freelist_count"))
      #expect(freeCount > 9)
      let room = try SQLiteRoom(
        try RoomReserve(folder: disk.path, byteCount: 1 << 20), connection: connection,
        pageByteCount: try connection.pageByteCount, timeouts: SQLiteTimeouts(busy: .milliseconds(10)))
      #expect(try room.giveBackStep() == (vacuum == "INCREMENTAL"))
      for _ in 0..<freeCount where try room.giveBackStep() {}
      #expect(try connection.number("PRAGMA freelist_count") == (vacuum == "INCREMENTAL" ? 0 : freeCount))
    }
  }

  @Test("Without a reserve, what settling frees on a full disk is given back as well")
  func noReserve() async throws {
    try await SmallDisk.with(byteCount: Self.diskByteCount) { disk in
      var store = try await SQLiteStore(path: disk.path, reserveByteCount: 0)
      let count = 400
      for number in 0..<count {
        try await store.commit { $0.put(Self.key(number), [UInt8](repeating: 7, count: 3_000)) }
      }
      try await settle(store, [0])
      // All of it in the database, so that it needs no room to be moved there, and a short journal.
      try await store.close()
      store = try await SQLiteStore(path: disk.path, reserveByteCount: 0)
      try await settle(store, 1..<9)
      disk.fillUp()
      try await settle(store, 9..<count / 2)
      #expect(disk.freeByteCount > 64 * 1_024)
      try await store.close()
    }
  }

  /// A part of the records only, so that each reader is done soon.
  private static func scanUnlessCancelled(_ store: SQLiteStore) async throws -> Int {
    do { return try await store.scan(.all, limit: 100).count } catch is CancellationError { return 0 }
  }

  @Test("A store on a full disk can be opened and settled, closed before or let go without", arguments: [true, false])
  func openedWhenFull(isClosed: Bool) async throws {
    try await SmallDisk.with(byteCount: Self.diskByteCount) { disk in
      var store: SQLiteStore? = try await SQLiteStore(path: disk.path)
      let count = try await fill(try #require(store), byteCount: 3_000)
      // So few that what they leave is not enough for the reserve.
      let settledCount = isClosed ? count / 10 : 0
      if isClosed {
        // With room to tidy up, so that the journal is gone and opening needs room for a new one.
        try await settle(try #require(store), 0..<settledCount)
        try await store?.close()
        #expect(disk.freeByteCount > 0)
      }
      store = nil
      // Closing may give room back, which must not be after the disk was filled up.
      while try disk.isInUse { await Task.yield() }
      disk.fillUp()
      let again = try await openWhenFree(disk.path)
      #expect(try await again.scan(.all, limit: .max).count == count - settledCount + 1)
      let error = try await storeError {
        try await again.commit { $0.put(Key("more"), [UInt8](repeating: 7, count: 100_000)) }
      }
      #expect(error.code == .full)
      try await settle(again, settledCount..<count)
      #expect(try await again.scan(.all, limit: 9).map(\.key) == [Key("counts")])
      disk.empty()
      try await again.commit { $0.put(Key("more"), [UInt8](repeating: 7, count: 100_000)) }
      try await again.close()
    }
  }

  @Test("While the reserve is spent, what adds is refused, so that settling alone uses it")
  func reserveIsForSettling() async throws {
    try await SmallDisk.with(byteCount: Self.diskByteCount) { disk in
      let store = try await SQLiteStore(path: disk.path)
      let count = try await fill(store, byteCount: 3_000)
      disk.fillUp()
      var spent = false
      for number in 0..<count / 2 where !spent {
        try await settle(store, [number])
        spent = !disk.hasReserve
      }
      #expect(spent)
      let error = try await storeError { try await store.commit { $0.put(Key("small"), [1]) } }
      #expect(error.code == .full)
      #expect(error.message.contains("kept for settling"))
      try await settle(store, 0..<count)
      disk.empty()
      try await store.commit { $0.put(Key("small"), [1]) }
      #expect(disk.hasReserve)
      try await store.close()
    }
  }

  /// A store that is let go releases its lock on threads of its own, a moment later.
  private func openWhenFree(_ path: String) async throws -> SQLiteStore {
    while true {
      do {
        return try await SQLiteStore(path: path)
      } catch let error as StoreError where error.code == .inUse {
        await Task.yield()
      }
    }
  }
}

extension SmallDisk {
  /// Whether a store on it holds room for settling.
  fileprivate var hasReserve: Bool { FileManager.default.fileExists(atPath: "\(path)/tombolo.reserve") }
}
