import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

/// An operation that is its own entry in the ready index, and what makes two records of it.
@Suite("One record for a plain operation", .timeLimit(.minutes(10)))
struct SingleRecordTests {
  /// What may become of an operation that is not its end.
  enum Fate: CaseIterable {
    case retry, snooze, release, redeliver, park, parkConflict, deadLetter, pause, kindLimit, namespace, lift, rewrite

    static let failure = DeliveryFailure(.timeout, "it took too long")
  }

  @Test(
    "Whatever becomes of it, it is stored like all others from then on, and is delivered in the end",
    arguments: TestEngine.allCases, Fate.allCases)
  func parted(engine: TestEngine, fate: Fate) async throws {
    try await withQueue(engine) { test, place in
      let id = try await test.add("plain", payload: [1, 2, 3])
      #expect(try await test.store.get(QueueLayout.single(id)) != nil)
      #expect(try await test.store.get(QueueLayout.operation(id)) == nil)
      try await meet(fate, id, test)
      #expect(try await test.store.get(QueueLayout.single(id)) == nil)
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
    case .kindLimit, .namespace:
      let claimed = try #require(try await test.queue.claim(1).first)
      let scope: AsideScope = fate == .namespace ? .namespace("home") : .limit(kind: "plain")
      _ = try await test.queue.submit(.setAside([claimed], scope))
      #expect(try await test.queue.claim(1).isEmpty)
      _ = try await test.queue.submit(.bringBack(scope, limit: 10))
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
      for (start, end, isPlain) in [(0, 700, true), (700, 2_900, false), (2_900, 4_300, true), (4_300, 4_400, false)] {
        _ = try await test.queue.enqueue(
          (start..<end).map { NewOperation(kind: "\($0)", orderingKey: isPlain || $0 % 7 == 0 ? nil : "\($0)") })
      }
      let later = try await test.reopened(in: place)
      var kinds: [Int] = []
      while let claimed = try await later.queue.claim(100).nonEmpty {
        kinds += claimed.compactMap { Int($0.operation.kind) }
        for one in claimed { try await later.queue.settle(one, .delivered(attempt: 1)) }
      }
      #expect(kinds == Array(0..<4_400))
      #expect(try await later.queue.status().stored == 0)
    }
  }

  @Test("Where several processes share the store each is stored in two records from the start")
  func shared() async throws {
    let store = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
    let test = try await TestQueue.open(store)
    let id = try await test.add()
    #expect(try await store.get(QueueLayout.single(id)) == nil)
    #expect(try await store.get(QueueLayout.ready(.normal, id)) != nil)
  }

  /// A store that several processes share, with what one stored when it had it alone.
  private func shared(_ fill: (TestQueue) async throws -> Void) async throws -> InMemoryStore {
    let alone = InMemoryStore()
    try await fill(try await TestQueue.open(alone))
    let shared = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
    var batch = Batch()
    for record in try await alone.scan(.all, limit: .max) { batch.put(record.key, record.value) }
    for result in try await shared.commit([batch]) { _ = try result.get() }
    return shared
  }

  @Test("What one process stored alone is leased, once, when several share the store")
  func sharedLater() async throws {
    let shared = try await shared { try await $0.add() }
    let first = try await TestQueue.open(shared)
    let second = try await TestQueue.open(shared, after: first)
    async let one = first.queue.claim(1)
    async let other = second.queue.claim(1)
    let claimed = try await one + other
    #expect(claimed.count == 1)
    #expect(try await QueueAudit.problems(in: shared).isEmpty)
  }

  @Test("One that another process parts while it is read for a claim is claimed once, as it is then", arguments: 1...12)
  func partedMeanwhile(read: Int) async throws {
    let base = try await shared { for _ in 0..<3 { try await $0.add(payload: [1]) } }
    let store = FaultyStore(base)
    let first = try await TestQueue.open(store)
    let second = try await TestQueue.open(base, after: first)
    let ids = try await second.queue.list().snapshots.map(\.operation.id)
    let isRewritten = Atomic(false)
    store.onRead { number in
      guard number == read else { return }
      do {
        try await second.queue.rewrite(ids) { _ in [2] }
        isRewritten.store(true, ordering: .releasing)
      } catch let error as QueueError {
        // They are leased already.
        #expect(error.code == .delivering)
      }
    }
    let claimed = try await first.queue.claim(10)
    store.heal()
    #expect(claimed.map(\.id) == ids)
    #expect(try await QueueAudit.problems(in: base).isEmpty)
    let payload: [UInt8] = isRewritten.load(ordering: .acquiring) ? [2] : [1]
    #expect(claimed.map(\.operation.payload) == [payload, payload, payload])
    for one in claimed { try await first.queue.settle(one, .delivered(attempt: 1)) }
    #expect(try await base.scan(.all, limit: 10).map(\.key) == QueueLayout.ofAnEmptyQueue)
  }

  @Test("More than a thousand are set aside together, and none of them is read for it")
  func manyAside() async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.concurrency = 2_000 }
    for _ in 0..<3 { _ = try await test.queue.enqueue((0..<500).map { _ in NewOperation(kind: "test") }) }
    let claimed = try await test.queue.claim(1_100)
    #expect(claimed.count == 1_100)
    store.reset()
    _ = try await test.queue.engine.process([.setAside(claimed, .kind("test"))])
    #expect(store.readCount == 0)
    #expect(try await QueueAudit.problems(in: store).isEmpty)
  }

  @Test("Hundreds of pairs of one batch, of which the second waits for the first, are stored together")
  func manyPairs() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let count = 400
    _ = try await test.queue.enqueue(
      (0..<2 * count).map { NewOperation(kind: "\($0)", after: $0 < count ? [] : [.inBatch($0 - count)]) })
    try await test.worker.drain()
    #expect(Set(test.attempted).count == 2 * count)
    let positions = Dictionary(uniqueKeysWithValues: test.attempted.enumerated().map { ($1, $0) })
    for number in 0..<count {
      #expect(try #require(positions["\(number)"]) < (try #require(positions["\(number + count)"])))
    }
  }

  @Test(
    "What became more urgent while it was delivered is claimed again, also where the answer of its settlement was lost",
    arguments: [true, false])
  func moreUrgent(isRelease: Bool) async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    let id = try await test.add("awaited")
    let claimed = try #require(try await test.queue.claim(1).first)
    try await test.queue.enqueue(NewOperation(kind: "urgent", priority: .critical, after: [.operation(id)]))
    let settlement: Settlement =
      isRelease ? .release(Fate.failure) : .redeliver(replacing: RemoteVersion(detail: "another"), payload: nil)
    store.onCommit { number, _ in number == 1 ? .unanswered : nil }
    await #expect(throws: StoreError.self) { try await test.queue.settle(claimed, settlement) }
    // Memory learns meanwhile that nothing else of that priority is ready.
    let other = try await test.add("other", priority: .critical)
    #expect(try await test.queue.claim(1).map(\.id) == [other])
    try await test.queue.settle(claimed, settlement, isRepeat: true)
    #expect(try await test.queue.claim(1).map(\.id) == [id])
    #expect(try await QueueAudit.problems(in: store).isEmpty)
  }

  @Test("One that is dropped for a more urgent one leaves nothing behind")
  func dropped() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { ($0.operationsMaximum, $0.limitPolicy) = (1, .dropLowest) }
    let plain = try await test.add("plain")
    let urgent = try await test.add("urgent", priority: .critical)
    #expect(try await test.queue.list().snapshots.map(\.operation.id) == [urgent])
    #expect(try await test.queue.claim(2).map(\.id) == [urgent])
    #expect(try await test.store.get(QueueLayout.single(plain)) == nil)
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }

  @Test("Without its counts a store that had them is damaged, not empty")
  func lostCounts() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    try await test.add()
    var batch = Batch()
    batch.delete(QueueLayout.counts)
    for result in try await test.store.commit([batch]) { _ = try result.get() }
    let error = try await queueError { _ = try await SyncQueue.open(store: test.store) }
    #expect(error?.code == .damaged)
    #expect(error?.message.contains("counts") == true)
  }

  @Test("Processes of an earlier version that still change the counts are noticed while they are taken over")
  func takenOverMeanwhile() async throws {
    let base = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
    let before = try await TestQueue.open(base)
    try await before.add()
    @Sendable func asBefore(_ change: @Sendable (inout QueueCounts) -> Void) async throws {
      let records = try await base.get([QueueLayout.counts, QueueLayout.formerCounts]).compactMap { $0?.value }
      var counts = try QueueCounts(try #require(records.first))
      change(&counts)
      var batch = Batch()
      batch.delete(QueueLayout.counts)
      batch.put(QueueLayout.formerCounts, counts.encoded())
      for result in try await base.commit([batch]) { _ = try result.get() }
    }
    try await asBefore { _ in }
    let store = FaultyStore(base)
    let test = try await TestQueue.open(store, after: before)
    store.onCommit { number, _ in
      if number == 1 { try? await asBefore { $0.delivered = 77 } }
      return nil
    }
    try await test.add()
    #expect(try await test.queue.status().delivered == 77)
    #expect(try await test.queue.status().stored == 2)
    #expect(try await QueueAudit.problems(in: base).isEmpty)
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
