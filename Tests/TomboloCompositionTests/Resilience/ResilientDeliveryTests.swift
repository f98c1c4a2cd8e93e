import Testing
import TomboloPorts
import TomboloResilience
import TomboloTesting

@testable import TomboloComposition

@Suite struct ResilientDeliveryTests {
  static let failed = DeliveryOutcome.retry(after: nil, DeliveryFailure(.upstreamFailed, "500"))

  static let breaker = PolicyDescription(
    "circuitBreaker", ["minimumCalls": .number(2), "windowCalls": .number(4), "openDuration": .duration(.seconds(10))])

  @Test("an open breaker suspends the upstream until it probes, and burns no attempt")
  func breakerOpens() async throws {
    let world = try ResilientWorld([Self.breaker], ScriptedDelivery([Self.failed, Self.failed, .delivered]))
    #expect(try await world.deliver() == "retry upstreamFailed")
    #expect(try await world.deliver() == "retry upstreamFailed")
    #expect(try await world.deliver() == "suspend heldBack 10.0 seconds")
    #expect(world.script.calls == 2)
    var report = try #require(world.policies.reports().first)
    #expect(report.breaker == .open(remaining: .seconds(10)))
    #expect(report.refused == 1)
    #expect(report.openings == 1)
    world.time.advance(by: .seconds(10))
    #expect(try await world.deliver() == "delivered")
    report = try #require(world.policies.reports().first)
    #expect(report.breaker == .closed)
  }

  @Test("an outermost breaker sees an outage through a retry and through a time limit", arguments: [true, false])
  func breakerOutermost(isLimited: Bool) async throws {
    let inside =
      isLimited
      ? PolicyDescription("totalTimeout", ["limit": .duration(.seconds(5))])
      : PolicyDescription(
        "retry", ["attempts": .number(2), "initial": .duration(.zero), "jitter": .text("none")])
    let script = ScriptedDelivery([Self.failed]) {
      if isLimited { try await Task.sleep(for: .seconds(60)) }
    }
    let world = try ResilientWorld([Self.breaker, inside], script)
    func fail() async throws {
      async let label = world.deliver()
      if isLimited {
        await world.time.waitForSleepers(1)
        world.time.advance(by: .seconds(5))
      }
      #expect(try await label == (isLimited ? "retry timeout" : "retry upstreamFailed"))
    }
    for _ in 0..<2 { try await fail() }
    #expect(try await world.deliver() == "suspend heldBack 10.0 seconds")
    world.time.advance(by: .seconds(10))
    try await fail()
    #expect(world.policies.reports().first?.breaker == .open(remaining: .seconds(10)))
    #expect(world.policies.reports().first?.openings == 2)
  }

  @Test(
    "what judges an operation says nothing against the upstream",
    arguments: [
      DeliveryOutcome.conflict(RemoteVersion(detail: "")), .reject(DeliveryFailure(.refused, "404")), .delivered,
      .park(DeliveryFailure(.undecodable, "")), .suspend(for: .seconds(60), DeliveryFailure(.unauthorized, "401")),
    ])
  func judgements(outcome: DeliveryOutcome) async throws {
    let world = try ResilientWorld([Self.breaker], ScriptedDelivery([outcome]))
    for _ in 0..<10 { #expect(try await world.deliver() == ResilientWorld.label(outcome)) }
    #expect(world.policies.reports().first?.breaker == .closed)
  }

  @Test("that nobody answers speaks against the upstream while the network is there, and not while it is away")
  func unreachable() async throws {
    let answer = DeliveryOutcome.retry(after: nil, DeliveryFailure(.unreachable, "refused"))
    let away = try ResilientWorld([Self.breaker], isOnline: false, ScriptedDelivery([answer]))
    for _ in 0..<10 { #expect(try await away.deliver() == "retry unreachable") }
    #expect(away.policies.reports().first?.breaker == .closed)
    let there = try ResilientWorld([Self.breaker], isOnline: true, ScriptedDelivery([answer]))
    for _ in 0..<2 { #expect(try await there.deliver() == "retry unreachable") }
    #expect(try await there.deliver().hasPrefix("suspend heldBack"))
  }

  @Test("a reached rate limit suspends the upstream until the next token")
  func rateLimit() async throws {
    let world = try ResilientWorld(
      [PolicyDescription("rateLimit", ["count": .number(2), "period": .duration(.seconds(4))])],
      ScriptedDelivery([.delivered]))
    #expect(try await world.deliver() == "delivered")
    #expect(try await world.deliver() == "delivered")
    #expect(try await world.deliver() == "suspend heldBack 2.0 seconds")
    world.time.advance(by: .seconds(2))
    #expect(try await world.deliver() == "delivered")
    #expect(world.policies.reports().first?.refused == 1)
  }

  @Test("a used up retry budget holds back repetitions alone, and each success of a first attempt pays in")
  func retryBudget() async throws {
    let budget = RetryBudget("upstream", ratio: 0.5, perSecondMinimum: 0, savedMaximum: 10)
    let world = try ResilientWorld(budget: budget, ScriptedDelivery([Self.failed]))
    #expect(try await world.deliver(attempt: 2) == "snooze heldBack")
    #expect(world.script.calls == 0)
    #expect(try await world.deliver() == "retry upstreamFailed")
    #expect(try await world.deliver(attempt: 2) == "snooze heldBack")
    #expect(try await world.deliver() == "retry upstreamFailed")
    #expect(world.policies.reports().first?.budget?.balance == 1)
    #expect(try await world.deliver(attempt: 2) == "retry upstreamFailed")
    #expect(try await world.deliver(attempt: 3) == "snooze heldBack")
    #expect(world.policies.reports().first?.refused == 3)
  }

  @Test("what is held back neither pays into the budget nor takes out of it")
  func budgetBehindBreaker() async throws {
    let budget = RetryBudget("upstream", ratio: 1, perSecondMinimum: 0, savedMaximum: 10)
    let world = try ResilientWorld([Self.breaker], budget: budget, ScriptedDelivery([Self.failed]))
    for _ in 0..<2 { _ = try await world.deliver() }
    for attempt in [1, 1, 2, 2, 2] { #expect(try await world.deliver(attempt: attempt).hasPrefix("suspend")) }
    #expect(world.policies.reports().first?.budget?.balance == 2)
  }

  @Test("a retry tries again within the attempt, and gives the last answer when it gives up")
  func retry() async throws {
    let policy = PolicyDescription(
      "retry", ["attempts": .number(3), "initial": .duration(.zero), "jitter": .text("none")])
    let passing = try ResilientWorld([policy], ScriptedDelivery([Self.failed, Self.failed, .delivered]))
    #expect(try await passing.deliver() == "delivered")
    #expect(passing.script.calls == 3)
    #expect(passing.policies.reports().first?.retries == 2)
    let failing = try ResilientWorld([policy], ScriptedDelivery([Self.failed]))
    #expect(try await failing.deliver() == "retry upstreamFailed")
    #expect(failing.script.calls == 3)
  }

  @Test("a longer Retry-After is left to the queue, which holds no place meanwhile")
  func retryAfter() async throws {
    let policy = PolicyDescription("retry", ["attempts": .number(3), "maximumRetryAfter": .duration(.seconds(1))])
    let world = try ResilientWorld(
      [policy], ScriptedDelivery([.retry(after: .seconds(20), DeliveryFailure(.throttled, "429"))]))
    #expect(try await world.deliver() == "retry throttled 20.0 seconds")
    #expect(world.script.calls == 1)
  }

  @Test("a try that failed before the breaker opened is an attempt like any other")
  func refusedInTheMiddle() async throws {
    let policies = [
      PolicyDescription("retry", ["attempts": .number(5), "initial": .duration(.zero), "jitter": .text("none")]),
      Self.breaker,
    ]
    let world = try ResilientWorld(policies, ScriptedDelivery([Self.failed]))
    #expect(try await world.deliver() == "retry upstreamFailed 10.0 seconds")
    #expect(world.script.calls == 2)
  }

  @Test(
    "A probe that finds the network gone counts for nothing: its permit comes back, and the breaker goes on probing")
  func probeWithoutNetwork() async throws {
    let gone = DeliveryOutcome.retry(after: nil, DeliveryFailure(.unreachable, "no route"))
    let closed = DeliveryOutcome.snooze(for: .seconds(1), DeliveryFailure(.unreachable, "this delivery was closed"))
    let budget = RetryBudget("upstream", ratio: 1, perSecondMinimum: 0, savedMaximum: 10)
    let world = try ResilientWorld(
      [Self.breaker], budget: budget,
      ScriptedDelivery([Self.failed, Self.failed, gone, gone, gone, closed, .delivered]))
    for _ in 0..<2 { #expect(try await world.deliver() == "retry upstreamFailed") }
    world.time.advance(by: .seconds(10))
    world.isOnline = false
    for attempt in [1, 2, 1] {
      #expect(try await world.deliver(attempt: attempt) == "retry unreachable")
      let reports = world.policies.reports()
      #expect(reports.last?.breaker == .halfOpen)
      #expect(reports.first?.budget?.balance == 2)
    }
    #expect(try await world.deliver() == "snooze unreachable")
    #expect(world.policies.reports().last?.breaker == .halfOpen)
    world.isOnline = true
    #expect(try await world.deliver() == "delivered")
    #expect(world.policies.reports().last?.breaker == .closed)
    #expect(world.script.calls == 7)
  }

  @Test("a time limit that ends during the call burns the attempt, for it may have acted")
  func timeout() async throws {
    let script = ScriptedDelivery([.delivered]) { try await Task.sleep(for: .seconds(60)) }
    let world = try ResilientWorld([PolicyDescription("attemptTimeout", ["limit": .duration(.seconds(5))])], script)
    async let label = world.deliver()
    await world.time.waitForSleepers(1)
    world.time.advance(by: .seconds(5))
    #expect(try await label == "retry timeout")
  }

  @Test("what a delivery throws comes out as it was")
  func thrown() async throws {
    struct Permanent: ClassifiedError { var classification: FailureClassification { .permanent } }
    let world = try ResilientWorld([Self.breaker], ScriptedDelivery([.delivered]) { throw Permanent() })
    for _ in 0..<5 { await #expect(throws: Permanent.self) { try await world.deliver() } }
    #expect(world.policies.reports().first?.breaker == .closed)
    let cancelled = try ResilientWorld([Self.breaker], ScriptedDelivery([.delivered]) { throw CancellationError() })
    await #expect(throws: CancellationError.self) { try await cancelled.deliver() }
  }

  @Test("a system that is made again finds its breaker as it was, unless it is configured differently")
  func memory() async throws {
    let first = try ResilientWorld([Self.breaker], ScriptedDelivery([Self.failed]))
    for _ in 0..<2 { _ = try await first.deliver() }
    let second = try ResilientWorld([Self.breaker], memory: first.memory, ScriptedDelivery([.delivered]))
    #expect(try await second.deliver().hasPrefix("suspend heldBack"))
    var changed = Self.breaker
    changed.options["minimumCalls"] = .number(3)
    let third = try ResilientWorld([changed], memory: first.memory, ScriptedDelivery([.delivered]))
    #expect(try await third.deliver() == "delivered")
  }

  @Test("closing closes the delivery inside")
  func close() async throws {
    let world = try ResilientWorld([Self.breaker], ScriptedDelivery([.delivered]))
    try await world.delivery.close()
    #expect(world.script.isClosed)
  }
}
