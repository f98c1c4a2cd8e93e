import Testing
import TomboloResilience

@Suite("PolicyOrder")
struct PolicyOrderTests {
  static func summary(_ kind: PolicySummary.Kind) -> PolicySummary { PolicySummary(kind, "") }
  static let sound: [PolicySummary] = [
    summary(.rateLimit), summary(.bulkhead), PolicySummary(.totalTimeout, "", limit: .seconds(10)), summary(.retry),
    PolicySummary(.hedge, "", isIdempotent: true), summary(.circuitBreaker), summary(.adaptiveLimit),
    PolicySummary(.attemptTimeout, "", limit: .seconds(1)), summary(.chaos),
  ]

  @Test("The usual order is sound, and so is every part of it")
  func sound() {
    #expect(PolicyOrder.problems(in: Self.sound).isEmpty)
    for removed in Self.sound.indices {
      var part = Self.sound
      part.remove(at: removed)
      #expect(PolicyOrder.problems(in: part).isEmpty)
    }
  }

  static let broken: [(PolicyOrder.Rule, [PolicySummary])] = [
    (.totalTimeoutInsideRetry, [summary(.retry), summary(.totalTimeout)]),
    (.attemptTimeoutOutsideRetry, [summary(.attemptTimeout), summary(.retry)]),
    (.twoRetries, [summary(.retry), summary(.circuitBreaker), summary(.retry)]),
    (.repeatedPolicy, [summary(.attemptTimeout), summary(.attemptTimeout)]),
    (.retryOfRefusals, [PolicySummary(.retry, "", retriesRefusals: true), summary(.circuitBreaker)]),
    (.hedgeWithoutIdempotency, [summary(.hedge)]),
    (.retryInsideHedge, [PolicySummary(.hedge, "", isIdempotent: true), summary(.retry)]),
    (.waitInsideAttemptTimeout, [summary(.attemptTimeout), summary(.bulkhead)]),
    (.breakerInsideAttemptTimeout, [summary(.attemptTimeout), summary(.circuitBreaker)]),
    (
      .attemptLongerThanTotal,
      [
        PolicySummary(.totalTimeout, "", limit: .seconds(1)), PolicySummary(.attemptTimeout, "", limit: .seconds(1)),
      ]
    ),
  ]

  @Test("Each rule finds its order, and only that", arguments: broken)
  func rule(rule: PolicyOrder.Rule, policies: [PolicySummary]) {
    #expect(PolicyOrder.problems(in: policies).map(\.rule) == [rule])
  }

  @Test("A retry of what a breaker refused is found, whatever says that it is to be retried")
  func retriedRefusals() {
    struct Anything: FailureClassifier {
      func classify(_ error: any Error) -> FailureClass { .transient }
    }
    let stubborn = [
      Retry().retrying(on: .circuitIsolated), Retry().retrying { _ in true },
      Retry().retrying(on: ResilienceError.self),
      Retry(classifier: Anything()),
    ]
    for retry in stubborn { #expect(retry.summaries.allSatisfy { $0.retriesRefusals }) }
    let sensible = [
      Retry(), Retry().retrying(on: .bulkheadFull, .rateLimited),
      Retry().stopping(on: .circuitOpen, .circuitProbing, .circuitIsolated).retrying { _ in true },
      Retry(classifier: Anything()).stopping(on: ResilienceError.self),
    ]
    for retry in sensible { #expect(!retry.summaries.contains { $0.retriesRefusals }) }
    let error = #expect(throws: PolicyOrderError.self) {
      try ResiliencePipeline("billing") {
        Retry().retrying { _ in true }
        CircuitBreaking("billing")
      }
    }
    #expect(error?.problems.map(\.rule) == [.retryOfRefusals])
  }

  @Test("Every rule has an order that breaks it")
  func complete() {
    #expect(Set(Self.broken.map(\.0)) == Set(PolicyOrder.Rule.allCases))
  }

  @Test("A pipeline in a harmful order is not built, and all problems are named at once with their fix")
  func refused() {
    let error = #expect(throws: PolicyOrderError.self) {
      try ResiliencePipeline("billing") {
        AttemptTimeout(.seconds(1))
        Retry()
        TotalTimeout(.seconds(9))
      }
    }
    #expect(error?.problems.map(\.rule) == [.totalTimeoutInsideRetry, .attemptTimeoutOutsideRetry])
    #expect(error?.description.contains("Put TotalTimeout above Retry") == true)
  }

  @Test("A pipeline prints its order, outermost first")
  func printed() throws {
    let pipeline = try ResiliencePipeline("billing") {
      TotalTimeout(.seconds(9))
      Retry(attempts: 3, budget: RetryBudget("billing"))
      AttemptTimeout(.seconds(1))
    }
    #expect(
      pipeline.description
        == "billing: totalTimeout(9.0 seconds) > retry(attempts: 3, budget: billing 0.2) > attemptTimeout(1.0 seconds) > call"
    )
  }
}
