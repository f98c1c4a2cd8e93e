import Testing
import TomboloPorts
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
    #expect(summary.skipped.unreachable == 2)
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
}
