import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

/// An operation that is its own entry in the ready index, and what makes two records of it.
@Suite("One record for a plain operation", .timeLimit(.minutes(10)))
struct MergedRecordTests {
  /// What may become of an operation that is not its end.
  enum Fate: CaseIterable {
    case retry, snooze, release, redeliver, park, parkConflict, deadLetter, pause, lift, rewrite

    static let failure = DeliveryFailure(.timeout, "it took too long")
  }

  @Test(
    "Whatever becomes of it, it is stored like all others from then on, and is delivered in the end",
    arguments: TestEngine.allCases, Fate.allCases)
  func parted(engine: TestEngine, fate: Fate) async throws {
    try await withQueue(engine) { test, place in
      let id = try await test.add("plain", payload: [1, 2, 3])
      #expect(try await test.store.get(QueueLayout.merged(id)) != nil)
      #expect(try await test.store.get(QueueLayout.operation(id)) == nil)
      try await meet(fate, id, test)
      #expect(try await test.store.get(QueueLayout.merged(id)) == nil)
      #expect(try await test.store.get(QueueLayout.operation(id)) != nil)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
      #expect(try await test.queue.snapshot(id)?.operation.payload == (fate == .rewrite ? [9] : [1, 2, 3]))
      #expect(try await test.queue.list().snapshots.count == (fate == .lift ? 2 : 1))

      let later = try await test.reopened(in: place)
      if [.park, .parkConflict, .deadLetter].contains(fate) { try await later.queue.retry(id) }
      try await later.queue.resume(.kind("plain"))
      test.time.advance(by: .seconds(100))
      try await later.worker.drain()
      #expect(test.attempted.first == "plain")
      #expect(try await later.queue.snapshot(id) == nil)
      #expect(try await later.store.scan(.all, limit: 10).map(\.key) == QueueLayout.ofAnEmptyQueue)
    }
  }

  private func meet(_ fate: Fate, _ id: OperationID, _ test: TestQueue) async throws {
    let due = test.time.now.advanced(by: .seconds(10))
    let settlement: Settlement
    switch fate {
    case .retry: settlement = .retry(Fate.failure, due: due)
    case .snooze: settlement = .snooze(Fate.failure, due: due)
    case .release: settlement = .release(Fate.failure)
    case .redeliver: settlement = .redeliver(replacing: RemoteVersion(detail: "another"), payload: nil)
    case .park: settlement = .park(Fate.failure, attempted: true)
    case .parkConflict: settlement = .parkConflict(Fate.failure, RemoteVersion(detail: "another"))
    case .deadLetter: settlement = .deadLetter(Fate.failure)
    case .pause:
      try await test.queue.pause(.kind("plain"), reason: "test")
      #expect(try await test.queue.claim(1).isEmpty)
      return
    case .lift:
      try await test.queue.enqueue(NewOperation(kind: "urgent", priority: .critical, after: [.operation(id)]))
      return
    case .rewrite:
      // What a claim would take is in memory already, and must not be what it was.
      test.queue.putBack(try #require(try await test.queue.claim(1).first), nil)
      try await test.queue.rewrite([id]) { _ in [9] }
      let claimed = try #require(try await test.queue.claim(1).first)
      #expect(claimed.operation.payload == [9])
      test.queue.putBack(claimed, nil)
      return
    }
    let claimed = try #require(try await test.queue.claim(1).first)
    try await test.queue.settle(claimed, settlement)
  }

  @Test(
    "Plain ones and others of their priority are claimed as they came, however many there are",
    arguments: TestEngine.allCases)
  func order(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      // Runs of either that are longer than what memory holds, so that the one hides the other's end.
      for (start, isPlain) in [(0, true), (700, false), (2_000, true), (3_400, false)] {
        let end = [0: 700, 700: 2_000, 2_000: 3_400, 3_400: 3_500][start, default: start]
        _ = try await test.queue.enqueue(
          (start..<end).map { NewOperation(kind: "\($0)", orderingKey: isPlain || $0 % 2 == 0 ? nil : "\($0)") })
      }
      let later = try await test.reopened(in: place)
      var kinds: [Int] = []
      while let claimed = try await later.queue.claim(100).nonEmpty {
        kinds += claimed.compactMap { Int($0.operation.kind) }
        for one in claimed { try await later.queue.settle(one, .delivered(attempt: 1)) }
      }
      #expect(kinds == Array(0..<3_500))
      #expect(try await later.queue.status().stored == 0)
    }
  }

  @Test("Where several processes share the store each is stored in two records from the start")
  func shared() async throws {
    let store = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
    let test = try await TestQueue.open(store)
    let id = try await test.add()
    #expect(try await store.get(QueueLayout.merged(id)) == nil)
    #expect(try await store.get(QueueLayout.ready(.normal, id)) != nil)
  }

  @Test("What one process stored alone is leased, once, when several share the store")
  func sharedLater() async throws {
    let alone = InMemoryStore()
    let id = try await TestQueue.open(alone).add()
    let shared = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
    var batch = Batch()
    for record in try await alone.scan(.all, limit: .max) { batch.put(record.key, record.value) }
    for result in try await shared.commit([batch]) { _ = try result.get() }
    let first = try await TestQueue.open(shared)
    let second = try await TestQueue.open(shared, after: first)
    async let one = first.queue.claim(1)
    async let other = second.queue.claim(1)
    let claimed = try await one + other
    #expect(claimed.map(\.id) == [id])
    #expect(try await QueueAudit.problems(in: shared).isEmpty)
  }

  @Test("The counts of an earlier version are taken over, and it refuses the store from then on")
  func formerCounts() async throws {
    let store = InMemoryStore()
    let test = try await TestQueue.open(store)
    for key in [String?.none, "k", "k"] { try await test.add(key: key, priority: .high) }
    let counts = try #require(try await store.get(QueueLayout.counts)).value
    var batch = Batch()
    batch.delete(QueueLayout.counts)
    batch.put(QueueLayout.formerCounts, counts)
    for result in try await store.commit([batch]) { _ = try result.get() }

    let later = try await TestQueue.open(store, after: test)
    #expect(try await later.queue.status().stored == 3)
    try await later.add()
    #expect(try await later.queue.status().stored == 4)
    #expect(try await QueueAudit.problems(in: store).isEmpty)
    let left = try #require(try await store.get(QueueLayout.formerCounts)).value
    #expect(throws: RecordError.newer(version: 5, newest: 4)) { _ = try QueueCounts(left) }
    try await later.worker.drain()
    #expect(try await TestQueue.open(store, after: later).queue.status().delivered == 4)
  }
}

extension Array {
  fileprivate var nonEmpty: Self? { isEmpty ? nil : self }
}
