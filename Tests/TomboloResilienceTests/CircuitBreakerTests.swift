import Testing
import TomboloResilience

@Suite("CircuitBreaker", .timeLimit(.minutes(5)))
struct CircuitBreakerTests {
  struct Broken: Error {}

  let clock = ManualClock()

  func breaker(
    probeMaximum: Int = 1, isFailure: @escaping @Sendable (any Error) -> Bool = { _ in true }
  ) -> CircuitBreaker<ManualClock> {
    CircuitBreaker(
      "billing",
      CircuitBreakerConfiguration(
        callCountMinimum: 1, window: .count(10), openDuration: .seconds(30), probeMaximum: probeMaximum),
      clock: clock, isFailure: isFailure)
  }

  @Test("What the body returns and throws comes out unchanged")
  func transparent() async throws {
    let breaker = breaker()
    #expect(try await breaker.call { 42 } == 42)
    await #expect(throws: Broken.self) { try await breaker.call { throw Broken() } }
  }

  @Test("Open, it refuses without calling, and says for how long")
  func refuses() async throws {
    let breaker = breaker()
    await #expect(throws: Broken.self) { try await breaker.call { throw Broken() } }
    clock.advance(by: .seconds(10))
    let error = await #expect(throws: ResilienceError.self) {
      try await breaker.call { Issue.record("the body was called") }
    }
    #expect(error?.code == .circuitOpen)
    #expect(error?.retryAfter == .seconds(20))
    #expect(error?.message == "billing is not called: its circuit breaker is open for another 20.0 seconds")
  }

  @Test("Isolated by hand it says so, and closed by hand it calls again")
  func manual() async throws {
    let breaker = breaker()
    breaker.isolate()
    let error = await #expect(throws: ResilienceError.self) { try await breaker.call {} }
    #expect(error?.code == .circuitIsolated)
    #expect(error?.retryAfter == nil)
    breaker.close()
    try await breaker.call {}
  }

  @Test("Closed again after an outage, or by hand, it counts again and opens again")
  func opensAgain() async throws {
    let breaker = breaker()
    for round in 0..<5 {
      await #expect(throws: Broken.self) { try await breaker.call { throw Broken() } }
      #expect(breaker.state == .open(remaining: .seconds(30)), "round \(round)")
      if round.isMultiple(of: 2) {
        clock.advance(by: .seconds(30))
        try await breaker.call {}
      } else {
        breaker.close()
      }
      #expect(breaker.state == .closed, "round \(round)")
    }
  }

  @Test("An error that is not a failure closes a probing breaker, because there was an answer")
  func answered() async throws {
    let breaker = breaker { !($0 is Broken) }
    await #expect(throws: Broken.self) { try await breaker.call { throw Broken() } }
    #expect(breaker.state == .closed)
  }

  /// How a probe may end.
  enum Ending: CaseIterable {
    case success, failure, cancellationError, cancelled, cancelledWithOwnError
  }

  @Test("A probe that could ask nobody gives its permit back, and the breaker goes on probing")
  func nobodyAsked() async throws {
    struct NoWayOut: ClassifiedFailure { var failureClass: FailureClass { .cancelled } }
    let breaker = breaker()
    await #expect(throws: Broken.self) { try await breaker.call { throw Broken() } }
    clock.advance(by: .seconds(30))
    for _ in 0..<3 {
      await #expect(throws: NoWayOut.self) { try await breaker.call { throw NoWayOut() } }
      #expect(breaker.state == .halfOpen)
    }
    try await breaker.call {}
    #expect(breaker.state == .closed)
  }

  @Test("A probe gives its permit back however it ends", arguments: Ending.allCases)
  func permit(ending: Ending) async throws {
    let breaker = breaker()
    await #expect(throws: Broken.self) { try await breaker.call { throw Broken() } }
    clock.advance(by: .seconds(30))
    let probe = Task { [clock] in
      try await breaker.call {
        switch ending {
        case .success: break
        case .failure: throw Broken()
        case .cancellationError: throw CancellationError()
        case .cancelled: try await clock.sleep(for: .seconds(3_600))
        case .cancelledWithOwnError:
          do { try await clock.sleep(for: .seconds(3_600)) } catch { throw Broken() }
        }
      }
    }
    if ending == .cancelled || ending == .cancelledWithOwnError {
      await clock.sleepers(1)
      #expect(breaker.probeCount == 1)
      let second = await #expect(throws: ResilienceError.self) { try await breaker.call {} }
      #expect(second?.code == .circuitProbing)
      probe.cancel()
    }
    let result = await probe.result
    if ending != .success { #expect(throws: (any Error).self) { try result.get() } }
    #expect(breaker.probeCount == 0)
    switch ending {
    case .success: #expect(breaker.state == .closed)
    case .failure: #expect(breaker.state == .open(remaining: .seconds(30)))
    case .cancellationError, .cancelled, .cancelledWithOwnError: #expect(breaker.state == .halfOpen)
    }
  }

  @Test("Under many tasks that succeed, fail and are cancelled, probes stay within their limit and return to zero")
  func concurrent() async {
    let breaker = breaker(probeMaximum: 3)
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<2_000 {
        group.addTask { [clock] in
          if index % 7 == 0 { withUnsafeCurrentTask { $0?.cancel() } }
          let result = await Task.result {
            try await breaker.call {
              #expect(breaker.probeCount <= 3)
              await Task.yield()
              if index % 3 == 0 { throw Broken() }
              try Task.checkCancellation()
            }
          }
          if case .failure = result { clock.advance(by: .seconds(7)) }
        }
      }
    }
    #expect(breaker.probeCount == 0)
  }
}

extension Task where Success == Never, Failure == Never {
  /// How `body` ended, as a value.
  fileprivate static func result(_ body: () async throws -> Void) async -> Result<Void, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}
