import Testing
import TomboloResilience

@Suite("CircuitBreaking", .timeLimit(.minutes(5)))
struct CircuitBreakingTests {
  let test = TestEnvironment()
  static let touchy = CircuitBreakerConfiguration(callCountMinimum: 2, window: .count(4))

  @Test("A pipeline that is built again finds its breaker as it was; another configuration begins anew")
  func shared() async throws {
    func build(_ configuration: CircuitBreakerConfiguration) throws -> ResiliencePipeline<BoundCircuitBreaking> {
      try ResiliencePipeline("p", environment: environment) { CircuitBreaking("db", configuration) }
    }
    let environment = test.environment
    let first = try build(Self.touchy)
    for _ in 0..<2 { await #expect(throws: Flaky.self) { try await first.run { _ in throw Flaky() } } }
    await #expect(throws: ResilienceError.self) { try await build(Self.touchy).run { _ in } }
    #expect(environment.circuitBreaker("db")?.state == .open(remaining: .seconds(30)))
    try await build(CircuitBreakerConfiguration()).run { _ in }
    #expect(
      test.listener.lines == [
        "p/db: breakerChanged(from: TomboloResilience.CircuitBreakerState.closed, "
          + "to: TomboloResilience.CircuitBreakerState.open(remaining: 30.0 seconds))",
        "p/db: refused(circuitOpen)",
      ])
  }

  @Test("A change is told as it was at its moment, although the clock runs on")
  func moment() async throws {
    let listener = RecordingListener()
    let environment = ResilienceEnvironment(clock: HurriedClock(), listener: listener)
    let pipeline = try ResiliencePipeline("p", environment: environment) {
      CircuitBreaking(
        "db", CircuitBreakerConfiguration(callCountMinimum: 1, window: .count(1), openDuration: .milliseconds(1)))
    }
    await #expect(throws: Flaky.self) { try await pipeline.run { _ in throw Flaky() } }
    guard case .breakerChanged(_, to: .open(let remaining)) = listener.events.first?.kind else {
      Issue.record("told \(listener.lines)")
      return
    }
    #expect(remaining == .milliseconds(1))
  }

  @Test("Slow calls open it, though none failed")
  func slow() async throws {
    let environment = test.environment
    let pipeline = try ResiliencePipeline("p", environment: environment) {
      CircuitBreaking(
        "db",
        CircuitBreakerConfiguration(
          callCountMinimum: 4, window: .count(4), slowCallDuration: .seconds(1), slowCallRatio: 0.5))
    }
    for seconds in [0, 0, 1, 1] {
      try await pipeline.run { _ in test.clock.advance(by: .seconds(seconds)) }
    }
    #expect(environment.circuitBreaker("db")?.state == .open(remaining: .seconds(30)))
  }

  @Test("A slow probe opens it again")
  func slowProbe() {
    var machine = CircuitBreakerMachine(
      CircuitBreakerConfiguration(callCountMinimum: 1, openDuration: .seconds(1), slowCallDuration: .seconds(1)))
    for now in [Duration.zero, .seconds(1)] {
      guard case .admitted(let permit) = machine.admit(at: now) else {
        Issue.record("refused at \(now)")
        return
      }
      machine.settle(permit, as: .succeeded, isSlow: true, at: now)
      #expect(machine.state(at: now) == .open(remaining: .seconds(1)))
    }
  }

  @Test("Time-outs of attempts count, refusals of a bulkhead inside and permanent answers do not")
  func counting() async throws {
    let environment = test.environment
    let pipeline = try ResiliencePipeline("p", environment: environment) {
      CircuitBreaking("db", Self.touchy)
      AttemptTimeout(.seconds(1))
    }
    struct NotFound: ClassifiedFailure { let failureClass = FailureClass.permanent }
    for _ in 0..<9 {
      await #expect(throws: ResilienceError.self) {
        try await pipeline.run { _ in throw ResilienceError(.bulkheadFull, "full") }
      }
      await #expect(throws: NotFound.self) { try await pipeline.run { _ in throw NotFound() } }
    }
    #expect(environment.circuitBreaker("db")?.state == .closed)
    for _ in 0..<4 {
      let task = Task { [clock = test.clock] in
        try await pipeline.run { _ in try await clock.sleep(for: .seconds(60)) }
      }
      while true {
        if case .open = environment.circuitBreaker("db")?.state { break }
        await test.clock.sleepers(2)
        test.clock.advance(by: .seconds(1))
        break
      }
      _ = await task.result
      if environment.circuitBreaker("db")?.state != .closed { break }
    }
    #expect(environment.circuitBreaker("db")?.state == .open(remaining: .seconds(30)))
  }

  static let insideBreaker: [[PolicyDescription]] = {
    let retry = PolicyDescription("retry", ["attempts": .number(2), "initial": .duration(.zero)])
    let total = PolicyDescription("totalTimeout", ["limit": .duration(.seconds(5))])
    return [[retry], [total], [total, retry]]
  }()

  @Test(
    "Outermost, it sees an outage through a retry and through a total time limit, and a cancelled call as neither",
    arguments: insideBreaker)
  func outermost(inside: [PolicyDescription]) async throws {
    struct GivenUp: ClassifiedFailure { let failureClass = FailureClass.cancelled }
    let breaker = PolicyDescription("circuitBreaker", ["minimumCalls": .number(2), "windowCalls": .number(4)])
    let environment = test.environment
    let pipeline = try ResiliencePipeline("db", environment: environment, described: [breaker] + inside)
    let isLimited = inside.contains { $0.type == "totalTimeout" }
    func fail() async {
      let call = Task { [clock = test.clock] in
        try await pipeline.run { _ in
          if isLimited { try await clock.sleep(for: .seconds(60)) }
          throw Flaky()
        }
      }
      if isLimited {
        await test.clock.sleepers(2)
        test.clock.advance(by: .seconds(5))
      }
      switch await call.result {
      case .failure(let error) where isLimited: #expect(error is TimeoutError)
      case .failure(let error): #expect(error is RetryError)
      case .success: Issue.record("it came back")
      }
    }
    for _ in 0..<2 { await fail() }
    #expect(environment.circuitBreaker("db")?.state == .open(remaining: .seconds(30)))
    test.clock.advance(by: .seconds(30))
    #expect(environment.circuitBreaker("db")?.state == .halfOpen)
    await fail()
    #expect(environment.circuitBreaker("db")?.state == .open(remaining: .seconds(30)))
    test.clock.advance(by: .seconds(30))
    let tally = Tally()
    await #expect(throws: GivenUp.self) {
      try await pipeline.run { _ in
        if inside.last?.type == "retry", tally.add() == 1 { throw Flaky() }
        throw GivenUp()
      }
    }
    #expect(environment.circuitBreaker("db")?.state == .halfOpen)
    try await pipeline.run { _ in }
    #expect(environment.circuitBreaker("db")?.state == .closed)
  }

  @Test("A retry that gave up on refusals of a bulkhead asked nobody, so there is nothing to learn")
  func refusedInsideRetry() async throws {
    let environment = test.environment
    let pipeline = try ResiliencePipeline("db", environment: environment) {
      CircuitBreaking("db", CircuitBreakerConfiguration(callCountMinimum: 1, window: .count(1)))
      Retry(attempts: 2, backoff: Backoff.constant(.zero))
    }
    await #expect(throws: RetryError.self) { try await pipeline.run { _ in throw Flaky() } }
    test.clock.advance(by: .seconds(30))
    await #expect(throws: RetryError.self) {
      try await pipeline.run { _ in throw ResilienceError(.bulkheadFull, "full") }
    }
    #expect(environment.circuitBreaker("db")?.state == .halfOpen)
  }

  @Test("An observer gets the state now and then the newest, and observers end without a trace")
  func observed() async throws {
    let breaker = CircuitBreaker("db", Self.touchy, clock: test.clock)
    var states = breaker.states.makeAsyncIterator()
    #expect(await states.next() == .closed)
    breaker.isolate()
    #expect(await states.next() == .isolated)
    breaker.close()
    breaker.isolate()
    breaker.close()
    #expect(await states.next() == .closed)
  }

  @Test("Of too many keys the closed one used longest ago is forgotten, the open one stays")
  func keyed() async throws {
    let clock = test.clock
    let breakers = KeyedCircuitBreakers<String, ManualClock>(keyMaximum: 3) {
      CircuitBreaker($0, Self.touchy, clock: clock)
    }
    let open = breakers.breaker(for: "open")
    open.isolate()
    let old = breakers.breaker(for: "old")
    let used = breakers.breaker(for: "used")
    _ = breakers.breaker(for: "new")
    #expect(breakers.count == 3)
    #expect(breakers.breaker(for: "open") === open)
    #expect(breakers.breaker(for: "used") === used)
    #expect(breakers.breaker(for: "old") !== old)
    for key in 0..<100 { breakers.breaker(for: "\(key)").isolate() }
    #expect(breakers.count == 3)
  }

  @Test("A key that was isolated by hand is forgotten after those that are merely open")
  func keyedIsolated() async {
    let clock = test.clock
    let breakers = KeyedCircuitBreakers<String, ManualClock>(keyMaximum: 2) {
      CircuitBreaker($0, Self.touchy, clock: clock)
    }
    let isolated = breakers.breaker(for: "isolated")
    isolated.isolate()
    let open = breakers.breaker(for: "open")
    for _ in 0..<2 { await #expect(throws: Flaky.self) { try await open.call { throw Flaky() } } }
    #expect(open.state == .open(remaining: .seconds(30)))
    _ = breakers.breaker(for: "new")
    #expect(breakers.breaker(for: "isolated") === isolated)
  }
}
