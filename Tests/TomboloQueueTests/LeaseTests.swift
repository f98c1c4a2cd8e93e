import SQLiteStorage
import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Leases, where several processes share a store", .timeLimit(.minutes(10)))
struct LeaseTests {
  private static func store() -> InMemoryStore {
    InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
  }

  /// Two processes on one store, with one clock.
  private func pair(
    _ store: any KeyValueStore, _ other: (any KeyValueStore)? = nil, leaseDuration: Duration = .seconds(60),
    clock: ApartTime? = nil, _ configure: (inout QueueConfiguration) -> Void = { _ in }
  ) async throws -> (TestQueue, TestQueue) {
    let first = try await TestQueue.open(store, clock: clock) {
      $0.leaseDuration = leaseDuration
      configure(&$0)
    }
    return (first, try await TestQueue.open(other ?? store, after: first))
  }

  @Test("Each operation is delivered once, in the order of its key, by whichever of two workers")
  func once() async throws {
    // The clock is moved on while both work: no lease is to end because a thread was kept waiting.
    let (first, second) = try await pair(Self.store(), leaseDuration: .seconds(1_000_000_000))
    var expected: [String: [OperationID]] = [:]
    for number in 0..<120 {
      let key = "k\(number % 12)"
      let queue = number % 3 == 0 ? first.queue : second.queue
      let id = try await queue.enqueue(NewOperation(kind: "test", orderingKey: key)).id
      expected[key, default: []].append(id)
    }
    let overlap = OverlapDetector(first.handler)
    first.handler.setAnswer { _, _ in
      for _ in 0..<20 { await Task.yield() }
      return .delivered
    }
    // Both hold their first delivery until the other has one, so that both take part however late one of them begins.
    let gate = Turnstile()
    let workers = [first.queue, second.queue].map {
      SyncWorker(queue: $0, handler: FirstHeldHandler(overlap, at: gate), network: first.network)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in workers { group.addTask { try await worker.run() } }
      func goOn() async {
        first.time.advance(by: .seconds(1))
        for _ in 0..<100 { await Task.yield() }
      }
      while gate.waiting.count < 2 { await goOn() }
      gate.open()
      while first.handler.calls.count < 120 { await goOn() }
      for worker in workers { worker.stop() }
      try await group.waitForAll()
    }
    #expect(first.handler.calls.count == 120)
    for (key, ids) in expected {
      #expect(first.handler.calls.filter { $0.operation.orderingKey == key }.map(\.operation.id) == ids)
    }
    #expect(overlap.overlapped.isEmpty)
    let tokens = first.handler.calls.compactMap(\.attempt.fencingToken)
    #expect(Set(tokens).count == 120)
    #expect(workers.allSatisfy { $0.summary.delivered > 0 })
    #expect(try await first.queue.status().delivered == 120)
    #expect(try await QueueAudit.problems(in: first.store).isEmpty)
  }

  @Test(
    "When a process dies another takes over after the lease, and a late settlement is refused", arguments: [nil, "k"])
  func takeOver(key: String?) async throws {
    let (first, second) = try await pair(Self.store())
    let id = try await first.add(key: key)
    let dead = try #require(try await first.queue.claim(1).first)
    #expect(try await second.queue.snapshot(id)?.state == .delivering)
    second.time.advance(by: .seconds(59))
    _ = try await second.queue.promote()
    #expect(try await second.queue.claim(1).isEmpty)
    second.time.advance(by: .seconds(2))
    _ = try await second.queue.promote()
    let taken = try #require(try await second.queue.claim(1).first)
    #expect(taken.id == id)
    #expect(taken.token ?? 0 > dead.token ?? 0)

    // The first one was only slow. What it says now does not count, whatever it is.
    let error = try await queueError { try await first.queue.settle(dead, .delivered(attempt: 1)) }
    #expect(error?.code == .leaseLost)
    #expect(
      try await queueError { try await first.queue.settle(dead, .deadLetter(TestQueue.failure)) }?.code == .leaseLost)
    first.queue.putBack(dead, nil, mayBeStored: true)
    #expect(try await second.state(id) == .delivering)
    try await second.queue.settle(taken, .delivered(attempt: 1))
    #expect(try await first.queue.snapshot(id) == nil)
    #expect(try await first.queue.status().delivered == 1)
    #expect(try await QueueAudit.problems(in: first.store).isEmpty)
  }

  @Test(
    "A settlement that failed, and is repeated after its lease has ended, is refused and not told",
    arguments: [
      Settlement.delivered(attempt: 1), .discard(reason: "test"), .expire, .deadLetter(TestQueue.failure),
      .park(TestQueue.failure, attempted: true),
    ])
  func repeatedTooLate(settlement: Settlement) async throws {
    let base = Self.store()
    let store = FaultyStore(base)
    let (first, second) = try await pair(store, base)
    let events = first.queue.events()
    let id = try await first.add()
    let claimed = try #require(try await first.queue.claim(1).first)
    store.onCommit { number, _ in number == 1 ? .refused(StoreError(.engine, "no luck")) : nil }
    await #expect(throws: StoreError.self) { try await first.queue.settle(claimed, settlement) }
    store.heal()
    second.time.advance(by: .seconds(61))
    _ = try await second.queue.promote()
    let error = try await queueError { try await first.queue.settle(claimed, settlement, isRepeat: true) }
    #expect(error?.code == .leaseLost)
    first.queue.putBack(claimed, nil, mayBeStored: true)
    let taken = try #require(try await second.queue.claim(1).first)
    #expect(taken.id == id)
    try await second.queue.settle(taken, .delivered(attempt: 1))
    #expect(try await first.queue.status().delivered == 1)
    // Of what the first one did, only that it gave the operation back.
    let told = await events.prefix { $0.change != .released(nil) }.reduce(into: []) { $0.append($1.change) }
    #expect(!told.contains(settlement.change), "\(told)")
    #expect(try await QueueAudit.problems(in: base).isEmpty)
  }

  @Test(
    "A settlement that was stored, and is repeated because its answer was lost, is not refused",
    arguments: [Settlement.delivered(attempt: 1), .deadLetter(TestQueue.failure)])
  func repeatedThoughStored(settlement: Settlement) async throws {
    let base = Self.store()
    let store = FaultyStore(base)
    let (first, second) = try await pair(store, base)
    try await first.add()
    let claimed = try #require(try await first.queue.claim(1).first)
    store.onCommit { number, _ in number == 1 ? .unanswered : nil }
    await #expect(throws: StoreError.self) { try await first.queue.settle(claimed, settlement) }
    store.heal()
    try await first.queue.settle(claimed, settlement, isRepeat: true)
    let status = try await second.queue.status()
    #expect(status.delivered + status.deadLettered == 1 && status.pending == 0)
    #expect(try await QueueAudit.problems(in: base).isEmpty)
  }

  @Test("A lease is renewed while its handler runs, however long")
  func renewal() async throws {
    let clock = ApartTime(.seconds(20))
    let (first, second) = try await pair(Self.store(), clock: clock) {
      $0.attemptTimeout = .seconds(1_000)
      $0.sharedPollInterval = .seconds(1_000)
    }
    let gate = WakeSignal()
    first.handler.setAnswer { _, _ in
      await gate.wait()
      return .delivered
    }
    let id = try await first.add()
    try await first.whileRunning {
      await first.handler.waitForCalls(1)
      // 147 seconds, of a lease of 60.
      for _ in 0..<7 {
        // The renewal sleeps. A second more than that passes each time, so that nothing else ever waits for just as long: the end of a
        // lease, which the worker waits for too, is never 20 seconds away.
        await clock.waitForSleeper()
        let before = try await first.store.get(QueueLayout.lease(id))
        clock.advance(by: .seconds(21))
        while try await first.store.get(QueueLayout.lease(id)) == before { await Task.yield() }
        _ = try await second.queue.promote()
        #expect(try await second.queue.claim(1).isEmpty)
      }
      #expect(first.time.uptime >= .seconds(120))
      gate.signal()
      while try await first.queue.status().delivered == 0 { await Task.yield() }
    }
    #expect(first.attempted.count == 1)
  }

  @Test("What is given back is free at once, and not only after its lease")
  func givenBack() async throws {
    let (first, second) = try await pair(Self.store())
    try await first.add()
    let claimed = try #require(try await first.queue.claim(1).first)
    await first.queue.giveBack(claimed, nil)
    _ = try await second.queue.promote()
    #expect(try await second.queue.claim(1).count == 1)
  }

  @Test("A handler is cancelled when its lease was lost, and nothing it answers is stored")
  func lost() async throws {
    let (first, second) = try await pair(Self.store()) { $0.sharedPollInterval = .seconds(1_000) }
    first.handler.setAnswer { _, _ in
      do { try await Task.sleep(for: .seconds(3_600)) } catch { return .reject(TestQueue.failure) }
      return .delivered
    }
    let id = try await first.add()
    try await first.whileRunning {
      await first.handler.waitForCalls(1)
      // Another process took it over.
      let record = try #require(try await first.store.get(QueueLayout.lease(id)))
      var lease = try LeaseRecord(record.value)
      lease.token += 100
      var batch = Batch()
      batch.put(QueueLayout.lease(id), lease.encoded())
      _ = try await first.store.commit([batch])
      // The renewal sleeps, and nothing that wakes earlier.
      while first.time.timeUntilNextSleeper != .seconds(20) { await Task.yield() }
      first.time.advance(by: .seconds(20))
      while first.worker.summary.released == 0 { await Task.yield() }
    }
    #expect(try await second.queue.snapshot(id)?.attemptCount == 0)
    #expect(try await second.queue.status().deadLettered == 0)
    #expect(first.attempted.count == 1)
  }

  @Test("Of several delivered that are stored together, the one whose lease was lost is refused alone")
  func lostTogether() async throws {
    let (first, second) = try await pair(Self.store()) { $0.sharedPollInterval = .seconds(1_000) }
    try await first.add("a")
    try await first.add("b")
    let lost = try #require(try await first.queue.claim(1).first)
    first.time.advance(by: .seconds(40))
    let kept = try #require(try await first.queue.claim(1).first)
    first.time.advance(by: .seconds(30))
    _ = try await second.queue.promote()
    #expect(try await second.queue.claim(2).map(\.id) == [lost.id])
    let failures = await first.queue.settle(
      [lost, kept].map { DeliveredOperation(claimed: $0, attemptNumber: 1, placeKept: nil) })
    #expect(failures.count == 1)
    #expect((failures[0] as? QueueError)?.code == .leaseLost)
    #expect(try await first.queue.snapshot(kept.id) == nil)
    #expect(try await first.queue.snapshot(lost.id)?.state == .delivering)
  }

  @Test("Two openings of one SQLite folder share it, and one that does not share is refused")
  func sqlite() async throws {
    try await TestEngine.sqlite.withPlace { place in
      let path = try #require(place.path)
      let (one, two) = (
        try await SQLiteStore(path: path, durability: .none, busyTimeout: .seconds(60), isShared: true),
        try await SQLiteStore(path: path, durability: .none, busyTimeout: .seconds(60), isShared: true)
      )
      await #expect(throws: StoreError.self) { try await SQLiteStore(path: path, durability: .none) }
      let (first, second) = try await pair(one, two)
      for number in 0..<40 { try await (number % 2 == 0 ? first : second).add(key: "k\(number % 5)") }
      try await withThrowingTaskGroup(of: ProcessingSummary.self) { group in
        group.addTask { try await first.worker.drain() }
        group.addTask { try await SyncWorker(queue: second.queue, handler: first.handler).drain() }
        for try await _ in group {}
      }
      try await first.worker.drain()
      #expect(first.handler.calls.count == 40)
      #expect(Set(first.handler.calls.map(\.operation.id)).count == 40)
      #expect(try await QueueAudit.problems(in: two).isEmpty)
      try await one.close()
      try await two.close()
    }
  }

  /// Seed 258, two workers: a request that had nothing to change put back the counts that it had begun with, while the newer ones of
  /// another process had been learnt meanwhile, under their revision.
  @Test("A request that changes nothing leaves the counts alone that were learnt meanwhile")
  func learntMeanwhile() async throws {
    let base = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
    let store = FaultyStore(base)
    let first = try await TestQueue.open(store)
    let second = try await TestQueue.open(base, after: first)
    try await first.add()
    store.onRead { number in
      guard number == 1 else { return }
      try await second.add()
      #expect(try await first.queue.status().pending == 2)
    }
    let error = try await queueError { try await first.queue.discard(OperationID(high: 1, low: 1), reason: "test") }
    #expect(error?.code == .notFound)
    store.heal()
    try await first.add()
    #expect(try await first.queue.status().pending == 3)
    #expect(try await QueueAudit.problems(in: base).isEmpty)
  }

  /// Seed 5064, two workers: the counts of another process were learnt, reading what it had paused failed, and nobody tried again.
  @Test("A pause by another process is noticed, also when a read fails on the way")
  func pausedByAnother() async throws {
    let base = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
    let store = FaultyStore(base)
    let first = try await TestQueue.open(store)
    let second = try await TestQueue.open(base, after: first)
    try await second.queue.pause(.kind("test"), reason: "test")
    // Each read fails once: that of the counts, that of the pauses, and whatever else there is.
    for failing in 1...6 {
      store.onRead { number in if number == failing { throw StoreError(.engine, "no luck") } }
      do { try await first.add() } catch let error as StoreError { #expect(error.code == .engine) }
    }
    store.heal()
    try await first.add()
    #expect(first.queue.pauses.map(\.scope) == [.kind("test")])
    #expect(try await first.worker.drain().attempted == 0)
  }
}

/// Holds its first delivery until it is let through.
private final class FirstHeldHandler: OperationHandler {
  let upstream = "first held"
  private let base: any OperationHandler
  private let gate: Turnstile
  private let hasBegun = Mutex(false)

  init(_ base: any OperationHandler, at gate: Turnstile) {
    self.base = base
    self.gate = gate
  }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let isFirst = hasBegun.withLock { hasBegun in
      defer { hasBegun = true }
      return !hasBegun
    }
    if isFirst { await gate.pass(operation.kind) }
    return try await base.deliver(operation, attempt: attempt)
  }
}
