import Logging
import Synchronization
import Testing
import TomboloPorts
import TomboloResilience
import TomboloTesting

@testable import TomboloComposition

@Suite struct ResilientDeliveryTests {
  /// Answers from a list, then the last of it for ever; counts its calls.
  final class Script: OperationHandler, Closable {
    let upstream = "test"
    private let state: Mutex<(answers: [DeliveryOutcome], calls: Int, isClosed: Bool)>
    private let onCall: @Sendable () async throws -> Void

    init(_ answers: [DeliveryOutcome], onCall: @escaping @Sendable () async throws -> Void = {}) {
      state = Mutex((answers, 0, false))
      self.onCall = onCall
    }

    var calls: Int { state.withLock { $0.calls } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
      let answer = state.withLock { state in
        state.calls += 1
        return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
      }
      try await onCall()
      return answer
    }

    func close() async throws { state.withLock { $0.isClosed = true } }
  }

  static let failed = DeliveryOutcome.retry(after: nil, DeliveryFailure(.upstreamFailed, "500"))

  private struct World {
    let time = ManualTimeSource()
    let memory: ResilienceMemory
    let policies: DeliveryPolicies
    let script: Script
    let delivery: ResilientDelivery

    init(
      _ policies: [PolicyDescription] = [], budget: RetryBudget? = nil, memory: ResilienceMemory? = nil,
      isOnline: Bool = true, _ script: Script
    ) throws {
      self.memory =
        memory ?? ResilienceMemory(time: time, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      self.policies = try DeliveryPolicies(
        PipelineSettings("upstream", retryBudget: budget, described: policies), memory: self.memory,
        isOnline: { isOnline })
      self.script = script
      delivery = ResilientDelivery(script, policies: self.policies)
    }

    func deliver(attempt: Int = 1, _ number: UInt64 = 0) async throws -> String {
      let operation = SyncOperation(
        id: OperationID(high: 1, low: number), kind: "test", enqueuedAt: Timestamp(millisecondsSinceEpoch: 0))
      return Self.label(try await delivery.deliver(operation, attempt: DeliveryAttempt(number: attempt)))
    }

    static func label(_ outcome: DeliveryOutcome) -> String {
      switch outcome {
      case .delivered: "delivered"
      case .retry(let after, let failure): "retry \(failure.code)\(after.map { " \($0)" } ?? "")"
      case .snooze(_, let failure): "snooze \(failure.code)"
      case .suspend(let pause, let failure): "suspend \(failure.code) \(pause)"
      case .conflict: "conflict"
      case .reject(let failure): "reject \(failure.code)"
      case .park(let failure): "park \(failure.code)"
      }
    }
  }

  static let breaker = PolicyDescription(
    "circuitBreaker", ["minimumCalls": .number(2), "windowCalls": .number(4), "openDuration": .duration(.seconds(10))])

  @Test("an open breaker suspends the upstream until it probes, and burns no attempt")
  func breakerOpens() async throws {
    let world = try World([Self.breaker], Script([Self.failed, Self.failed, .delivered]))
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

  @Test(
    "what judges an operation says nothing against the upstream",
    arguments: [
      DeliveryOutcome.conflict(RemoteVersion(detail: "")), .reject(DeliveryFailure(.refused, "404")), .delivered,
      .park(DeliveryFailure(.undecodable, "")), .suspend(for: .seconds(60), DeliveryFailure(.unauthorized, "401")),
    ])
  func judgements(outcome: DeliveryOutcome) async throws {
    let world = try World([Self.breaker], Script([outcome]))
    for _ in 0..<10 { #expect(try await world.deliver() == World.label(outcome)) }
    #expect(world.policies.reports().first?.breaker == .closed)
  }

  @Test("that nobody answers speaks against the upstream while the network is there, and not while it is away")
  func unreachable() async throws {
    let answer = DeliveryOutcome.retry(after: nil, DeliveryFailure(.unreachable, "refused"))
    let away = try World([Self.breaker], isOnline: false, Script([answer]))
    for _ in 0..<10 { #expect(try await away.deliver() == "retry unreachable") }
    #expect(away.policies.reports().first?.breaker == .closed)
    let there = try World([Self.breaker], isOnline: true, Script([answer]))
    for _ in 0..<2 { #expect(try await there.deliver() == "retry unreachable") }
    #expect(try await there.deliver().hasPrefix("suspend heldBack"))
  }

  @Test("a reached rate limit suspends the upstream until the next token")
  func rateLimit() async throws {
    let world = try World(
      [PolicyDescription("rateLimit", ["count": .number(2), "period": .duration(.seconds(4))])], Script([.delivered]))
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
    let world = try World(budget: budget, Script([Self.failed]))
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
    let world = try World([Self.breaker], budget: budget, Script([Self.failed]))
    for _ in 0..<2 { _ = try await world.deliver() }
    for attempt in [1, 1, 2, 2, 2] { #expect(try await world.deliver(attempt: attempt).hasPrefix("suspend")) }
    #expect(world.policies.reports().first?.budget?.balance == 2)
  }

  @Test("a retry tries again within the attempt, and gives the last answer when it gives up")
  func retry() async throws {
    let policy = PolicyDescription(
      "retry", ["attempts": .number(3), "initial": .duration(.zero), "jitter": .text("none")])
    let passing = try World([policy], Script([Self.failed, Self.failed, .delivered]))
    #expect(try await passing.deliver() == "delivered")
    #expect(passing.script.calls == 3)
    #expect(passing.policies.reports().first?.retries == 2)
    let failing = try World([policy], Script([Self.failed]))
    #expect(try await failing.deliver() == "retry upstreamFailed")
    #expect(failing.script.calls == 3)
  }

  @Test("a longer Retry-After is left to the queue, which holds no place meanwhile")
  func retryAfter() async throws {
    let policy = PolicyDescription("retry", ["attempts": .number(3), "maximumRetryAfter": .duration(.seconds(1))])
    let world = try World(
      [policy], Script([.retry(after: .seconds(20), DeliveryFailure(.throttled, "429"))]))
    #expect(try await world.deliver() == "retry throttled 20.0 seconds")
    #expect(world.script.calls == 1)
  }

  @Test("a try that failed before the breaker opened is an attempt like any other")
  func refusedInTheMiddle() async throws {
    let policies = [
      PolicyDescription("retry", ["attempts": .number(5), "initial": .duration(.zero), "jitter": .text("none")]),
      Self.breaker,
    ]
    let world = try World(policies, Script([Self.failed]))
    #expect(try await world.deliver() == "retry upstreamFailed 10.0 seconds")
    #expect(world.script.calls == 2)
  }

  @Test("a time limit that ends during the call burns the attempt, for it may have acted")
  func timeout() async throws {
    let script = Script([.delivered]) { try await Task.sleep(for: .seconds(60)) }
    let world = try World([PolicyDescription("attemptTimeout", ["limit": .duration(.seconds(5))])], script)
    async let label = world.deliver()
    await world.time.waitForSleepers(1)
    world.time.advance(by: .seconds(5))
    #expect(try await label == "retry timeout")
  }

  @Test("what a delivery throws comes out as it was")
  func thrown() async throws {
    struct Permanent: ClassifiedError { var classification: FailureClassification { .permanent } }
    let world = try World([Self.breaker], Script([.delivered]) { throw Permanent() })
    for _ in 0..<5 { await #expect(throws: Permanent.self) { try await world.deliver() } }
    #expect(world.policies.reports().first?.breaker == .closed)
    let cancelled = try World([Self.breaker], Script([.delivered]) { throw CancellationError() })
    await #expect(throws: CancellationError.self) { try await cancelled.deliver() }
  }

  @Test("a system that is made again finds its breaker as it was, unless it is configured differently")
  func memory() async throws {
    let first = try World([Self.breaker], Script([Self.failed]))
    for _ in 0..<2 { _ = try await first.deliver() }
    let second = try World([Self.breaker], memory: first.memory, Script([.delivered]))
    #expect(try await second.deliver().hasPrefix("suspend heldBack"))
    var changed = Self.breaker
    changed.options["minimumCalls"] = .number(3)
    let third = try World([changed], memory: first.memory, Script([.delivered]))
    #expect(try await third.deliver() == "delivered")
  }

  @Test("closing closes the delivery inside")
  func close() async throws {
    let world = try World([Self.breaker], Script([.delivered]))
    try await world.delivery.close()
    #expect(world.script.isClosed)
  }
}
