import Testing
import TomboloResilience

/// Real concurrency, random ends and cancellations at any moment: what was taken is given back, and no limit is passed.
@Suite("Policies in a storm of calls", .timeLimit(.minutes(10)))
struct StormTests {
  let states = ResilienceStates()

  func environment(_ seed: UInt64) -> ResilienceEnvironment {
    ResilienceEnvironment(clock: HurriedClock(), random: SplitMix64(seed: seed), states: states)
  }

  @Test("Breaker: probes never exceed their limit and return to zero", arguments: UInt64(1)...8)
  func breaker(seed: UInt64) async throws {
    let environment = environment(seed)
    let pipeline = try ResiliencePipeline("p", environment: environment) {
      CircuitBreaking(
        "b",
        CircuitBreakerConfiguration(
          failureRatio: 0.4, callCountMinimum: 5, window: .count(10), openDuration: .milliseconds(20), probeMaximum: 2,
          successThreshold: 2))
    }
    let breaker = try #require(environment.circuitBreaker("b"))
    let made = Tally()
    await CallStorm(seed: seed).run { index, body in
      if index % 97 == 0 { breaker.isolate() }
      if index % 97 == 5 { breaker.close() }
      _ = try await pipeline.run { _ in
        made.add()
        #expect(breaker.probeCount <= 2, "seed \(seed)")
        return try await body()
      }
    }
    #expect(made.value > 0)
    #expect(breaker.probeCount == 0, "seed \(seed)")
  }

  @Test("Bulkhead: never more inside than places, and nobody left inside or waiting", arguments: UInt64(1)...8)
  func bulkhead(seed: UInt64) async throws {
    let pipeline = try ResiliencePipeline("p", environment: environment(seed)) {
      Bulkhead("b", limit: 3, queueMaximum: 20)
    }
    let gate = try #require(states.existing("bulkhead", "b", as: ConcurrencyGate.self))
    let inside = Tally()
    await CallStorm(seed: seed).run { index, body in
      _ = try await pipeline.run(priority: CallPriority(rawValue: index % 5) ?? .normal) { _ in
        #expect(inside.add() <= 3, "seed \(seed)")
        defer { inside.add(-1) }
        return try await body()
      }
    }
    #expect(gate.insideCount == 0 && gate.waitingCount == 0, "seed \(seed)")
  }

  @Test("Adaptive limit: never outside its range, and nobody left inside or waiting", arguments: UInt64(1)...8)
  func adaptiveLimit(seed: UInt64) async throws {
    let pipeline = try ResiliencePipeline("p", environment: environment(seed)) {
      AdaptiveLimiting("a", initial: 4, minimum: 2, maximum: 6, decreaseFactor: 0.5, queueMaximum: 50)
    }
    let shared = try #require(states.existing("adaptiveLimit", "a", as: SharedAdaptiveLimit.self))
    let inside = Tally()
    await CallStorm(seed: seed).run { _, body in
      _ = try await pipeline.run { _ in
        #expect(inside.add() <= 6, "seed \(seed)")
        #expect((2...6).contains(shared.gate.limit), "seed \(seed)")
        defer { inside.add(-1) }
        return try await body()
      }
    }
    #expect(shared.gate.insideCount == 0 && shared.gate.waitingCount == 0, "seed \(seed)")
  }

  @Test("Budget: what was paid in less the retries that were made is what is left", arguments: UInt64(1)...8)
  func budget(seed: UInt64) async throws {
    let budget = RetryBudget("b", ratio: 0.25, perSecondMinimum: 0, savedMaximum: 1_000_000)
    let pipeline = try ResiliencePipeline("p", environment: environment(seed)) {
      Retry(attempts: 4, backoff: .constant(.milliseconds(5)), budget: budget)
    }
    let shared = try #require(states.existing("retryBudget", "b", as: SharedRetryBudget.self))
    let first = Tally()
    let retries = Tally()
    await CallStorm(seed: seed).run { _, body in
      _ = try await pipeline.run { attempt in
        if attempt.number == 1 { first.add() } else { retries.add() }
        return try await body()
      }
    }
    #expect(first.value == 400, "seed \(seed)")
    #expect(Double(retries.value) <= 0.25 * 400 + 1e-6, "seed \(seed)")
    let unspent = 0.25 * 400 - Double(retries.value)
    #expect(abs(shared.balance(at: .zero) - unspent) < 1e-6, "seed \(seed)")
  }

  @Test("Hedge: never more copies than permitted, and none is left when the call returns", arguments: UInt64(1)...8)
  func hedge(seed: UInt64) async throws {
    let pipeline = try ResiliencePipeline("p", environment: environment(seed)) {
      Hedge(after: .milliseconds(2), copyMaximum: 3, isIdempotent: true)
    }
    await CallStorm(seed: seed, callCount: 200).run { index, body in
      let copies = Tally()
      let started = Tally()
      defer { #expect(copies.value == 0, "seed \(seed)") }
      let value = try await pipeline.run { _ in
        #expect(started.add() <= 3, "seed \(seed)")
        copies.add()
        defer { copies.add(-1) }
        return try await body()
      }
      #expect(value == index, "seed \(seed)")
    }
  }

  @Test(
    "Single flight: of one key never two calls that somebody waits for, and everybody gets an answer of its key",
    arguments: UInt64(1)...8)
  func singleFlight(seed: UInt64) async throws {
    let flights = SingleFlight<Int, Int>()
    let running = (0..<5).map { _ in Tally() }
    await CallStorm(seed: seed).run { index, body in
      let key = index % 5
      let value = try await flights.run(key) {
        // A call that everybody left is cancelled and no longer counts.
        let isWaitedFor = !Task.isCancelled
        if isWaitedFor { running[key].add() }
        defer { if isWaitedFor { running[key].add(-1) } }
        return try await body()
      }
      #expect(value % 5 == key, "seed \(seed)")
    }
    #expect((0..<5).allSatisfy { flights.joinedCount($0) == 0 }, "seed \(seed)")
    // What was abandoned ends by itself soon.
    while running.contains(where: { $0.value > 0 }) { await Task.yield() }
  }

  @Test("All of them together: every permit and place comes back", arguments: UInt64(1)...8)
  func everything(seed: UInt64) async throws {
    let environment = environment(seed)
    let pipeline = try ResiliencePipeline("p", environment: environment) {
      TotalTimeout(.milliseconds(400))
      Retry(attempts: 3, backoff: .constant(.milliseconds(2)), budget: RetryBudget("b"), isIdempotent: true)
      Bulkhead("b", limit: 20, queueMaximum: 100)
      AdaptiveLimiting("b", initial: 10, maximum: 12, queueMaximum: 100)
      CircuitBreaking(
        "b",
        CircuitBreakerConfiguration(
          failureRatio: 0.8, callCountMinimum: 10, window: .time(.milliseconds(300)), openDuration: .milliseconds(50)))
      AttemptTimeout(.milliseconds(40))
      Chaos(faultRate: 0.05, latencyRate: 0.1, latency: .milliseconds(60), lostOutcomeRate: 0.05)
    }
    let breaker = try #require(environment.circuitBreaker("b"))
    let bulkhead = try #require(states.existing("bulkhead", "b", as: ConcurrencyGate.self))
    let adaptive = try #require(states.existing("adaptiveLimit", "b", as: SharedAdaptiveLimit.self))
    let answered = Tally()
    await CallStorm(seed: seed, callCount: 200).run { index, body in
      defer { answered.add() }
      let value = try await pipeline.run { _ in try await body() }
      #expect(value == index, "seed \(seed)")
    }
    #expect(answered.value == 200, "seed \(seed)")
    #expect(breaker.probeCount == 0, "seed \(seed)")
    #expect(bulkhead.insideCount == 0 && bulkhead.waitingCount == 0, "seed \(seed)")
    #expect(adaptive.gate.insideCount == 0 && adaptive.gate.waitingCount == 0, "seed \(seed)")
  }
}
