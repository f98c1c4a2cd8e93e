import Testing
import TomboloPorts
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("A pass by hand, with a deadline", .timeLimit(.minutes(10)))
struct PassTests {
  @Test("With time enough it delivers all that can be delivered now, and tells when the next is due")
  func all() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    test.handler.setAnswer { operation, _ in
      operation.kind == "bad" ? .retry(after: nil, TestQueue.failure) : .delivered
    }
    for number in 0..<40 { try await test.add(key: "k\(number % 4)") }
    try await test.add("bad")
    let summary = try await test.worker.process(until: test.time.now.advanced(by: .seconds(60)))
    #expect(summary.delivered == 40)
    #expect(summary.retried == 1)
    #expect(summary.skipped.retrying == 1)
    #expect(!summary.reachedDeadline)
    #expect(summary.nextDueAt == test.time.now.advanced(by: .seconds(10)))
    #expect(test.time.sleeperCount == 0)
  }

  @Test("At the deadline it ends: what is under way goes back unburnt, and nothing more starts")
  func deadline() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { ($0.concurrency, $0.attemptTimeout) = (1, .seconds(900)) }
    test.handler.setAnswer { operation, _ in
      if operation.kind == "slow" { try await test.time.sleep(for: .seconds(600)) }
      return .delivered
    }
    try await test.add("quick")
    let slow = try await test.add("slow")
    let late = try await test.add("late")
    async let pass = test.worker.process(until: test.time.now.advanced(by: .seconds(25)))
    // The deadline, the handler and its time limit.
    await test.time.waitForSleepers(3)
    test.time.advance(by: .seconds(25))
    let summary = try await pass
    #expect(summary.delivered == 1)
    #expect(summary.released == 1)
    #expect(summary.reachedDeadline)
    #expect(summary.duration == .seconds(25))
    #expect(summary.skipped.notStarted == 2)
    #expect(summary.skipped.total == 2)
    #expect(test.attempted == ["quick", "slow"])
    #expect(try await test.queue.snapshot(slow)?.attemptCount == 0)
    #expect(try await test.state(slow) == .pending)
    #expect(try await test.state(late) == .pending)
    #expect(summary.description.contains("cut short by its deadline"))
    // The next one takes it up again.
    test.handler.setAnswer { _, _ in .delivered }
    #expect(try await test.worker.process(until: test.time.now.advanced(by: .seconds(25))).delivered == 2)
  }

  @Test("With a deadline that has passed nothing is started", arguments: [0, -5])
  func passed(seconds: Int) async throws {
    let test = try await TestQueue.open(InMemoryStore())
    try await test.add()
    let summary = try await test.worker.process(until: test.time.now.advanced(by: .seconds(seconds)))
    #expect(summary.attempted == 0)
    #expect(summary.reachedDeadline)
    #expect(test.attempted.isEmpty)
    #expect(summary.skipped.notStarted == 1)
    #expect(summary.skipped.total == 1)
  }

  @Test("Offline it burns nothing and ends at once; what is paused waits")
  func respectful() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    test.network.set(.offline)
    let id = try await test.add("paused")
    let deadline = test.time.now.advanced(by: .seconds(25))
    let offline = try await test.worker.process(until: deadline)
    #expect(offline.attempted == 0)
    #expect(offline.skipped.unreachable == 1)
    #expect(!offline.reachedDeadline)
    test.network.set(.online)
    try await test.queue.pause(.kind("paused"), reason: "test")
    try await test.add("other")
    #expect(try await test.worker.process(until: deadline).delivered == 1)
    #expect(test.attempted == ["other"])
    #expect(try await test.queue.snapshot(id)?.attemptCount == 0)
  }

  @Test("On a shared store the lease of what was cut short is given back, and another process has it at once")
  func lease() async throws {
    let store = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: true))
    let test = try await TestQueue.open(store) {
      ($0.attemptTimeout, $0.leaseDuration, $0.sharedPollInterval) = (.seconds(900), .seconds(600), .seconds(1_000))
    }
    test.handler.setAnswer { _, _ in
      try await test.time.sleep(for: .seconds(600))
      return .delivered
    }
    try await test.add()
    let other = try await TestQueue.open(store, after: test)
    async let pass = test.worker.process(until: test.time.now.advanced(by: .seconds(25)))
    await test.handler.waitForCalls(1)
    // The deadline, before all others that wait for something.
    while test.time.timeUntilNextSleeper != .seconds(25) { await Task.yield() }
    test.time.advance(by: .seconds(25))
    #expect(try await pass.released == 1)
    _ = try await other.queue.promote()
    #expect(try await other.queue.claim(1).count == 1)
  }

  /// What a pass may leave alone, and how it comes to that.
  enum Cause: String, CaseIterable, Sendable {
    case offline, suspended, notBefore, snoozed, kindPaused, keyPaused, queuePaused, inactive, rateUsedUp
  }

  @Test("What was left alone is told by its reason", arguments: Cause.allCases)
  func reasons(cause: Cause) async throws {
    let test = try await TestQueue.open(InMemoryStore()) {
      $0.kindLimits["limited"] = KindLimit(rate: RateLimit(1, per: .seconds(60)))
    }
    let failure = TestQueue.failure
    test.handler.setAnswer { operation, _ in
      switch operation.kind {
      case "suspended": .suspend(for: .seconds(600), failure)
      case "snoozed": .snooze(for: .seconds(600), failure)
      default: .delivered
      }
    }
    var expected = ProcessingSummary.Skipped()
    switch cause {
    case .offline:
      test.network.set(.offline)
      expected.unreachable = 2
    case .suspended:
      try await test.add("suspended", priority: .critical)
      expected.unreachable = 3
    case .notBefore: expected.scheduled = 2
    case .snoozed: expected.snoozed = 2
    case .kindPaused:
      try await test.queue.pause(.kind("a"), reason: "test")
      expected.paused = 2
    case .keyPaused:
      try await test.queue.pause(.orderingKey("k"), reason: "test")
      (expected.paused, expected.blocked) = (1, 1)
    case .queuePaused:
      try await test.queue.pause(.queue, reason: "test")
      expected.paused = 2
    case .inactive: expected.inactive = 2
    case .rateUsedUp:
      try await test.add("limited")
      expected.limited = 2
    }
    let kind =
      switch cause {
      case .snoozed: "snoozed"
      case .rateUsedUp: "limited"
      default: "a"
      }
    let notBefore = cause == .notBefore ? test.time.now.advanced(by: .seconds(86_400)) : nil
    for _ in 0..<2 {
      try await test.queue.enqueue(
        NewOperation(
          kind: kind, orderingKey: cause == .keyPaused ? "k" : nil, notBefore: notBefore,
          namespace: cause == .inactive ? "nobody" : nil))
    }
    let summary = try await test.worker.drain()
    #expect(summary.skipped == expected)
    #expect(summary.skipped.total == (cause == .suspended ? 3 : 2))
    #expect(summary.description.contains("left: "))
  }

  @Test("However many were left alone for one reason, all are told with it, and no more than a part of them is read")
  func manyLeftAlone() async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    try await test.queue.pause(.kind("paused"), reason: "test")
    for _ in 0..<5 { _ = try await test.queue.enqueue((0..<1_000).map { _ in NewOperation(kind: "paused") }) }
    try await test.worker.drain()
    try await test.queue.enqueue(NewOperation(kind: "later", notBefore: test.time.now.advanced(by: .seconds(60))))
    test.network.set(.offline)
    try await test.add("waiting")
    store.reset()
    let summary = try await test.worker.drain()
    var expected = ProcessingSummary.Skipped()
    (expected.paused, expected.scheduled, expected.unreachable) = (5_000, 1, 1)
    #expect(summary.skipped == expected)
    #expect(store.readCount < 2_000)
  }
}
