import Testing
import TomboloPorts
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Recovery", .timeLimit(.minutes(10)))
struct RecoveryTests {
  @Test(
    "The spread is a random part of a share of the outage, never longer than its maximum; a short outage has none",
    arguments: [
      (outage: 0, fraction: 1.0, spread: 0.0), (1, 1, 0), (59, 1, 0), (60, 0, 0), (60, 0.5, 3), (60, 1, 6),
      (300, 1, 30),
      (3_600, 1, 30), (3_600, 0.25, 7.5), (-5, 1, 0),
    ])
  func spread(row: (outage: Int, fraction: Double, spread: Double)) {
    let found = RecoveryConfiguration().spread(afterOutageOf: .seconds(row.outage), fraction: row.fraction)
    #expect(abs(found / .seconds(1) - row.spread) < 1e-9)
  }

  @Test("After a short outage the first operation starts at once, however normal it is")
  func shortOutage() {
    var gate = DeliveryGate(QueueConfiguration())
    func status(_ condition: NetworkStatus.Condition) -> NetworkStatus {
      NetworkStatus(condition, since: Timestamp(millisecondsSinceEpoch: 0), evidence: [])
    }
    gate.networkChanged(status(.offline), at: .zero, fraction: 1)
    gate.networkChanged(status(.online), at: .seconds(59), fraction: 1)
    #expect(gate.allowance(upstream: "u", inFlight: 0, at: .seconds(59)) == .init(count: 1, criticalCount: 16))
  }

  @Test("After an hour's outage critical operations start at once, and others at a random moment of half a minute")
  func fleet() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let normal = try await test.add("normal")
    try await test.add("critical", priority: .critical)
    test.network.set(.offline, isForced: true)
    test.worker.networkChanged()
    test.time.advance(by: .seconds(3_600))
    test.network.set(.online)
    try await test.whileRunning {
      await test.handler.waitForCalls(1)
      #expect(test.attempted == ["critical"])
      let snapshot = try #require(try await test.queue.snapshot(normal))
      guard case .spread(let until)? = test.worker.waitingReason(for: snapshot) else {
        Issue.record("\(String(describing: test.worker.waitingReason(for: snapshot)))")
        return
      }
      let wait = test.time.now.duration(to: until)
      #expect(wait > .zero && wait <= .seconds(30))
      while !Task.isCancelled, test.time.timeUntilNextSleeper.map({ $0 > wait + .milliseconds(1) }) ?? true {
        await Task.yield()
      }
      test.time.advance(by: wait + .milliseconds(1))
      await test.handler.waitForCalls(2)
      #expect(test.attempted == ["critical", "normal"])
    }
  }

  @Test(
    "Whoever waits for room at an upstream that starts slowly, or was overloaded, is told so; what is critical waits for neither"
  )
  func paced() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let gate = Turnstile()
    test.handler.setAnswer { operation, _ in
      await gate.pass(operation.kind)
      return .delivered
    }
    for number in 0..<3 { try await test.add("\(number)") }
    let second = try #require(try await test.queue.list().snapshots.first { $0.operation.kind == "1" })
    #expect(test.worker.waitingReason(for: second) == .itsTurn)
    try await test.whileRunning {
      await test.handler.waitForCalls(1)
      #expect(test.worker.waitingReason(for: second) == .paced(upstream: "recording"))
      var critical = second
      critical.operation.priority = .critical
      #expect(test.worker.waitingReason(for: critical) == .itsTurn)
      gate.open()
      await test.handler.waitForCalls(3)
    }
  }

  @Test("What is critical is told that it has its turn, where others wait for the random moment")
  func criticalDoesNotSpread() {
    var state = DeliveryGate(QueueConfiguration())
    let at = Timestamp(millisecondsSinceEpoch: 0)
    let online = NetworkStatus(.online, since: at, evidence: [])
    state.networkChanged(NetworkStatus(.offline, since: at, evidence: []), at: .zero, fraction: 1)
    state.networkChanged(online, at: .seconds(3_600), fraction: 1)
    func reason(isCritical: Bool) -> WaitingReason? {
      state.obstacle(upstream: "u", isCritical: isCritical, at: .seconds(3_600), wall: at, status: online)
    }
    #expect(reason(isCritical: false) == .spread(until: at.advanced(by: .seconds(30))))
    #expect(reason(isCritical: true) == nil)
  }

  @Test("As many at once as the queue allows are no slow start: the next one has its turn")
  func fullButNotPaced() {
    var configuration = QueueConfiguration()
    configuration.concurrency = 2
    var gate = DeliveryGate(configuration)
    for _ in 0..<2 {
      let isReserved = gate.reserve(upstream: "u", isUrgent: false, at: .zero)
      #expect(isReserved)
      gate.succeeded(upstream: "u")
    }
    let limit = gate.limit(of: "u")
    #expect(limit == 2)
    #expect(!gate.isPaced("u"))
    #expect(!gate.isPaced("never met"))
  }

  @Test("Devices that lost the network together start at different moments")
  func different() async throws {
    var starts: Set<Int> = []
    for seed in 0..<50 {
      var gate = DeliveryGate(QueueConfiguration())
      var random = SeededGenerator(seed: UInt64(seed))
      let at = Timestamp(millisecondsSinceEpoch: 0)
      func status(_ condition: NetworkStatus.Condition) -> NetworkStatus {
        NetworkStatus(condition, since: at, evidence: [])
      }
      gate.networkChanged(status(.offline), at: .zero, fraction: .random(in: 0...1, using: &random))
      gate.networkChanged(status(.online), at: .seconds(3_600), fraction: .random(in: 0...1, using: &random))
      let allowance = gate.allowance(upstream: "u", inFlight: 0, at: .seconds(3_600))
      #expect(allowance.count == 0 && allowance.criticalCount == 16)
      starts.insert(Int((allowance.waitMaximum ?? .zero) / .seconds(3)))
    }
    #expect(starts == Set(0..<10))
  }

  /// Seed 485: a suspension ended within the spread, and an operation that was not critical went at once to find out.
  @Test("An upstream that is probed is left alone until the moment comes, but for what is critical")
  func probesWait() {
    var gate = DeliveryGate(QueueConfiguration())
    let at = Timestamp(millisecondsSinceEpoch: 0)
    gate.networkChanged(NetworkStatus(.offline, since: at, evidence: []), at: .zero, fraction: 1)
    gate.networkChanged(NetworkStatus(.online, since: at, evidence: []), at: .seconds(3_600), fraction: 1)
    gate.suspend(upstream: "u", for: .seconds(5), TestQueue.failure, at: .seconds(3_600))
    let before = gate.allowance(upstream: "u", inFlight: 0, at: .seconds(3_606))
    #expect(before.count == 0 && before.criticalCount == 1 && before.waitMaximum == .seconds(24))
    #expect(gate.allowance(upstream: "u", inFlight: 1, at: .seconds(3_606)).criticalCount == 0)
    let after = gate.allowance(upstream: "u", inFlight: 0, at: .seconds(3_630))
    #expect(after.count == 1 && after.criticalCount == 0)
  }

  @Test(
    "An upstream that is down is asked by one operation at a time, which burns no other's attempts",
    arguments: TestEngine.allCases)
  func breaker(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { _, _ in .retry(after: nil, TestQueue.failure) }
      for number in 0..<40 { try await test.add("\(number)") }
      try await test.worker.drain()
      #expect(test.handler.calls.count == 20)
      let waiting = try #require(try await test.queue.list().snapshots.last)
      #expect(
        test.worker.waitingReason(for: waiting)?.description.contains("the circuit breaker is open") == true)
      for probe in 1...3 {
        test.time.advance(by: .seconds(15))
        try await test.worker.drain()
        #expect(test.handler.calls.count == 20 + probe)
      }
      test.handler.setAnswer { _, _ in .delivered }
      for _ in 0..<9 {
        test.time.advance(by: .seconds(15))
        try await test.worker.drain()
      }
      #expect(try await test.queue.status().delivered == 40)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("Waiting retries count against the budget: the more fail, the longer the next ones wait")
  func budget() async throws {
    let test = try await TestQueue.open(InMemoryStore()) {
      $0.recovery.circuitBreaker = nil
      $0.recovery.retryBudget = RetryBudget("u", ratio: 0, perSecondMinimum: 1, savedMaximum: 5)
      $0.backoff = Backoff(growth: .constant, initial: .seconds(1), maximum: .seconds(60), jitter: .none)
    }
    test.handler.setAnswer { _, _ in .retry(after: nil, TestQueue.failure) }
    for number in 0..<30 { try await test.add("\(number)") }
    try await test.worker.drain()
    let snapshots = try await test.queue.list().snapshots
    let waits = snapshots.compactMap { $0.dueAt }.map { Int((test.time.now.duration(to: $0) / .seconds(1)).rounded()) }
    #expect(waits.sorted() == [1] + Array(1...29))
    #expect(snapshots.last?.lastFailure?.message.contains("retry budget is used up") == true)
  }

  @Test("An upstream without room does not hold up another whose operations are behind")
  func twoUpstreams() async throws {
    let (slow, quick) = (RecordingHandler(upstream: "slow"), RecordingHandler(upstream: "quick"))
    var handlers = HandlerRegistry()
    handlers.handle(kind: "slow", with: slow)
    handlers.handle(kind: "quick", with: quick)
    let test = try await TestQueue.open(InMemoryStore(), handlers: handlers)
    for _ in 0..<4 { try await test.add("quick") }
    try await test.worker.drain()
    let gate = Turnstile()
    slow.setAnswer { _, _ in
      await gate.pass("slow")
      return .delivered
    }
    for _ in 0..<12 { try await test.add("slow") }
    for _ in 0..<4 { try await test.add("quick") }
    try await test.whileRunning {
      await quick.waitForCalls(8)
      await slow.waitForCalls(1)
      #expect(slow.calls.count == 1)
      gate.open()
      await slow.waitForCalls(12)
    }
    #expect(try await test.queue.status().delivered == 20)
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }
}
