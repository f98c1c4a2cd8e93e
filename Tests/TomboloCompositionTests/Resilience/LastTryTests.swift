import Synchronization
import Testing
import TomboloPorts
import TomboloResilience
import TomboloTesting

@testable import TomboloComposition

/// Each policy that can end an attempt with an error of its own, against each thing that the last try can have come to.
@Suite("What an attempt came to that a policy ended", .timeLimit(.minutes(5)))
struct LastTryTests {
  /// What ends the attempt. Its second try comes after a second.
  enum Ending: String, CaseIterable {
    case attemptsUsedUp, deadline, totalTimeout, breaker, rateLimit, bulkhead, adaptiveLimit, chaos

    var policies: [PolicyDescription] {
      let inside: [PolicyDescription] =
        switch self {
        case .attemptsUsedUp, .deadline: []
        case .totalTimeout:
          [
            .init(
              "rateLimit",
              ["count": .number(1), "period": .duration(.seconds(60)), "maximumWait": .duration(.seconds(60))])
          ]
        case .breaker: [.init("circuitBreaker", ["minimumCalls": .number(1), "openDuration": .duration(.seconds(11))])]
        case .rateLimit: [.init("rateLimit", ["count": .number(1), "period": .duration(.seconds(11))])]
        case .bulkhead: [.init("bulkhead", ["limit": .number(1)])]
        case .adaptiveLimit: [.init("adaptiveLimit", ["initial": .number(1), "maximum": .number(1)])]
        // The seed whose first call passes, and whose second does not.
        case .chaos: [.init("chaos", ["faultRate": .number(0.5), "seed": .number(3)])]
        }
      return total + [Self.retry] + inside
    }

    private var total: [PolicyDescription] {
      switch self {
      case .deadline: [.init("totalTimeout", ["limit": .duration(.milliseconds(900))])]
      case .totalTimeout: [.init("totalTimeout", ["limit": .duration(.seconds(30))])]
      default: []
      }
    }

    private static let retry = PolicyDescription(
      "retry",
      [
        "attempts": .number(2), "backoff": .text("constant"), "initial": .duration(.seconds(1)),
        "jitter": .text("none"),
      ])

    /// How long the policy says it will let nothing through, when the second try is due.
    var pause: Duration? { self == .breaker || self == .rateLimit ? .seconds(10) : nil }
  }

  /// What the delivery does at every try.
  enum Real: String, CaseIterable {
    case unreachable, upstreamFailed, throttled, timeout, thrown

    struct Broken: ClassifiedError, Equatable { var classification: FailureClassification { .transient } }

    var outcome: DeliveryOutcome {
      switch self {
      case .unreachable: .retry(after: nil, DeliveryFailure(.unreachable, "refused"))
      case .upstreamFailed: .retry(after: nil, DeliveryFailure(.upstreamFailed, "500"))
      case .throttled: .retry(after: .seconds(1), DeliveryFailure(.throttled, "429"))
      case .timeout: .retry(after: nil, DeliveryFailure(.timeout, "no answer"))
      case .thrown: .delivered
      }
    }
  }

  @Test(
    "It is what the last try came to, and not before the policy lets the next one through", arguments: Ending.allCases,
    Real.allCases)
  func table(ending: Ending, real: Real) async throws {
    let isOccupied = Mutex(false)
    let (leaving, leave) = AsyncStream.makeStream(of: Void.self)
    let world = try ResilientWorld(
      ending.policies,
      ScriptedDelivery([real.outcome]) {
        if isOccupied.withLock({ $0 }) { for await _ in leaving {} }
        if real == .thrown { throw Real.Broken() }
      })
    let delivery = Task { try await world.outcome() }
    var occupant: Task<DeliveryOutcome, any Error>?
    switch ending {
    case .deadline: break
    case .totalTimeout:
      // The wait of the retry, then that for a token, each beside the limit.
      await world.time.waitForSleepers(2)
      world.time.advance(by: .seconds(1))
      await world.time.waitForSleepers(2)
      world.time.advance(by: .seconds(29))
    case .bulkhead, .adaptiveLimit:
      await world.time.waitForSleepers(1)
      isOccupied.withLock { $0 = true }
      occupant = Task { try await world.outcome() }
      while world.script.calls < 2 { await Task.yield() }
      world.time.advance(by: .seconds(1))
    default:
      await world.time.waitForSleepers(1)
      world.time.advance(by: .seconds(1))
    }
    let result = await delivery.result
    occupant?.cancel()
    leave.finish()
    _ = await occupant?.result
    #expect(world.script.calls == (ending == .attemptsUsedUp || occupant != nil ? 2 : 1))
    guard case .success(let outcome) = result else {
      #expect(real == .thrown)
      #expect(throws: Real.Broken()) { try result.get() }
      return
    }
    guard case .retry(let after, let failure) = outcome, case .retry(let own, let expected) = real.outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(failure == expected)
    #expect(after == ending.pause ?? own)
  }

  @Test("A try that a time limit ended may have acted, also when the next one is refused")
  func interrupted() async throws {
    let policies = [
      PolicyDescription("retry", ["attempts": .number(2), "initial": .duration(.zero), "jitter": .text("none")]),
      PolicyDescription("circuitBreaker", ["minimumCalls": .number(1), "openDuration": .duration(.seconds(10))]),
      PolicyDescription("attemptTimeout", ["limit": .duration(.seconds(5))]),
    ]
    // It says that nobody answered, because it was cancelled: that is no news of the upstream.
    let world = try ResilientWorld(
      policies,
      ScriptedDelivery([Real.unreachable.outcome]) {
        do { try await Task.sleep(for: .seconds(60)) } catch is CancellationError { return }
      })
    let delivery = Task { try await world.outcome() }
    await world.time.waitForSleepers(1)
    world.time.advance(by: .seconds(5))
    guard case .retry(let after, let failure) = try await delivery.value else {
      Issue.record("no retry")
      return
    }
    #expect(after == .seconds(10))
    #expect(failure.code == .timeout)
    #expect(
      failure.message
        == "a try did not end in time, and the next was not sent: the circuit breaker is open, because the upstream keeps "
        + "failing; it may or may not have acted")
  }

  @Test(
    "An attempt whose first try was answered was made, although its last found the network gone", arguments: [1, 2])
  func askedBefore(attempt: Int) async throws {
    let budget = RetryBudget("upstream", ratio: 1, perSecondMinimum: 0, savedMaximum: 10)
    let world = try ResilientWorld(
      [
        PolicyDescription(
          "retry",
          [
            "attempts": .number(2), "backoff": .text("constant"), "initial": .duration(.seconds(1)),
            "jitter": .text("none"),
          ])
      ], budget: budget,
      ScriptedDelivery([
        .delivered, .delivered, Real.upstreamFailed.outcome,
        .retry(after: nil, DeliveryFailure(.unreachable, "no route")),
      ]))
    for _ in 0..<2 { #expect(try await world.deliver() == "delivered") }
    #expect(world.policies.reports().first?.budget?.balance == 2)
    let delivery = Task { try await world.deliver(attempt: attempt) }
    await world.time.waitForSleepers(1)
    world.isOnline = false
    world.time.advance(by: .seconds(1))
    #expect(try await delivery.value == "retry unreachable")
    #expect(world.script.calls == 4)
    // The first attempt pays in; the repetition has used its share up.
    #expect(world.policies.reports().first?.budget?.balance == (attempt == 1 ? 3 : 1))
  }

  @Test(
    "What is injected burns the attempt, but tells the network monitor of no answer",
    arguments: ["faultRate", "lostOutcomeRate"])
  func injected(rate: String) async throws {
    let world = try ResilientWorld([PolicyDescription("chaos", [rate: .number(1)])], ScriptedDelivery([.delivered]))
    #expect(try await world.deliver() == (rate == "faultRate" ? "retry handlerFailed" : "retry timeout"))
    #expect(world.script.calls == (rate == "faultRate" ? 0 : 1))
  }
}
