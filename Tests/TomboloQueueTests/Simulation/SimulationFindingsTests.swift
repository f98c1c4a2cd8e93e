import SQLiteStorage
import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("What the simulated world found, told without it", .timeLimit(.minutes(10)))
struct SimulationFindingsTests {
  /// Two processes on one store, with one clock; the store of the first does what it is told.
  private func pair() async throws -> (TestQueue, TestQueue, FaultyStore) {
    let base = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
    let store = FaultyStore(base)
    let first = try await TestQueue.open(store)
    return (first, try await TestQueue.open(base, after: first), store)
  }

  /// Seed 184: the record was read, another process had the operation and noted a failure, and only then it was leased.
  @Test("What another process noted between reading and leasing is known")
  func notedInBetween() async throws {
    let (first, second, store) = try await pair()
    let id = try await first.add()
    store.onCommit { number, _ in
      guard number == 1 else { return nil }
      do {
        guard let other = try await second.queue.claim(1).first else { return nil }
        try await second.queue.settle(other, .retry(TestQueue.failure, due: second.time.now))
        _ = try await second.queue.promote()
      } catch {
        return .refused(StoreError(.engine, "the other process failed: \(error)"))
      }
      return nil
    }
    let claimed = try #require(try await first.queue.claim(1).first)
    #expect(claimed.id == id)
    #expect(claimed.progress?.attemptCount == 1)
    #expect(try await QueueAudit.problems(in: second.store).isEmpty)
  }

  /// Seed 343: the plan was made on what was read before, and committed under the revision that another task had learnt of since.
  @Test("A plan made on old records is made again, also when another task has learnt of the newer", arguments: 1...6)
  func learntByAnotherTask(read: Int) async throws {
    let (first, second, store) = try await pair()
    let id = try await first.add(key: "k")
    try await first.add(key: "k")
    let hasChanged = Mutex(false)
    store.onRead { number in
      guard number == read else { return }
      hasChanged.withLock { $0 = true }
      try await second.queue.discard(id, reason: "by the other")
      try await first.queue.engine.refresh()
    }
    let error = try await queueError { try await first.queue.discard(id, reason: "by hand") }
    store.heal()
    #expect(error?.code == (hasChanged.withLock { $0 } ? .notFound : nil))
    #expect(hasChanged.withLock { $0 } || read > 2)
    #expect(try await first.queue.status().discarded == 1)
    #expect(try await QueueAudit.problems(in: second.store).isEmpty)
  }

  /// Seed 45: whoever waits for its store knows the time from before, and a lease given meanwhile reaches further than its own would.
  @Test("A lease given while another process waits for its store stays", arguments: 1...8)
  func leasedMeanwhile(read: Int) async throws {
    let (first, second, store) = try await pair()
    let id = try await second.add()
    let claimed = Mutex<ClaimedOperation?>(nil)
    store.onRead { number in
      guard number == read else { return }
      second.time.advance(by: .seconds(1))
      let other = try await second.queue.claim(1).first
      claimed.withLock { $0 = other }
    }
    _ = try await first.queue.promote()
    store.heal()
    guard let other = claimed.withLock({ $0 }) else {
      // It read less often than that.
      #expect(read > 4)
      return
    }
    #expect(try await first.queue.claim(1).isEmpty)
    #expect(try await first.state(id) == .delivering)
    try await second.queue.settle(other, .delivered(attempt: 1))
    #expect(try await QueueAudit.problems(in: second.store).isEmpty)
  }

  /// Seed 387: the second place covered the first, one was given back, and after an outage nothing started any more.
  @Test("What is given back and claimed again before its delivery has ended gives both places back")
  func twoPlaces() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let worker = test.worker
    let id = try await test.add()
    let upstream = test.handler.upstream
    func room() -> Int { worker.state.withLock { $0.gate.withPace(upstream) { $0.room } } }
    let before = room()
    let first = try #require(try await test.queue.claim(1, filter: worker.filter(isPilot: true)).first)
    test.queue.putBack(first, nil)
    let second = try #require(try await test.queue.claim(1, filter: worker.filter(isPilot: true)).first)
    #expect(second.id == id)
    worker.state.withLock { $0.inFlightCount = 2 }
    worker.deliveryEnded(first)
    #expect(room() < before)
    worker.deliveryEnded(second)
    #expect(room() == before)
    #expect(worker.inFlightCount == 0)
  }

  /// Found by two real processes: both read the same epoch, and then gave the same revisions.
  @Test("Openings of one SQLite folder at the same moment never give the same revision")
  func openedTogether() async throws {
    try await TestEngine.sqlite.withPlace { place in
      let path = try #require(place.path)
      let stores = try await withThrowingTaskGroup(of: SQLiteStore.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await SQLiteStore(path: path, durability: .none, busyTimeout: .seconds(60), isShared: true)
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      var revisions: Set<Revision> = []
      for store in stores {
        var batch = Batch()
        batch.put(Key([1]), [1])
        for result in try await store.commit([batch]) { revisions.insert(try result.get()) }
      }
      #expect(revisions.count == stores.count)
      for store in stores { try await store.close() }
    }
  }
}
