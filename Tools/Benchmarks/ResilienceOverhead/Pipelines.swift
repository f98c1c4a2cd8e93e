import TomboloResilience

/// The pipelines that are measured, and the loops that call through them.
struct Pipelines: Sendable {
  static let names = [
    "plain", "empty", "retry", "retryWithBudget", "breaker", "breakerWithSlowCalls", "breakerAlone", "bulkhead",
    "adaptiveLimit", "rateLimit", "retryAndBreaker", "usualFour", "described", "attemptTimeout",
    "attemptTimeoutOfWaiting",
    "hedge", "retryBreakerAndHedge",
  ]

  let empty: ResiliencePipeline<NoPolicy>
  let retry: ResiliencePipeline<BoundRetry>
  let budget: ResiliencePipeline<BoundRetry>
  let breaker: ResiliencePipeline<BoundCircuitBreaking>
  let slowBreaker: ResiliencePipeline<BoundCircuitBreaking>
  let breakerAlone = CircuitBreaker<ContinuousClock>("alone")
  let bulkhead: ResiliencePipeline<BoundBulkhead>
  let adaptive: ResiliencePipeline<BoundAdaptiveLimiting>
  let rateLimit: ResiliencePipeline<BoundRateLimiting>
  let both: ResiliencePipeline<BoundPolicyChain<BoundRetry, BoundCircuitBreaking>>
  let four:
    ResiliencePipeline<
      BoundPolicyChain<
        BoundPolicyChain<BoundPolicyChain<BoundRetry, BoundBulkhead>, BoundRateLimiting>, BoundCircuitBreaking
      >
    >
  let described: ResiliencePipeline<BoundDescribedPolicies>
  let timeout: ResiliencePipeline<BoundTimeout>
  let hedge: ResiliencePipeline<BoundHedge>
  let hedged: ResiliencePipeline<BoundPolicyChain<BoundPolicyChain<BoundRetry, BoundCircuitBreaking>, BoundHedge>>

  init() throws {
    empty = try ResiliencePipeline("empty") { NoPolicy() }
    retry = try ResiliencePipeline("retry") { Retry() }
    budget = try ResiliencePipeline("budget") { Retry(budget: RetryBudget("b")) }
    breaker = try ResiliencePipeline("breaker") { CircuitBreaking("b") }
    slowBreaker = try ResiliencePipeline("slow") {
      CircuitBreaking("s", CircuitBreakerConfiguration(window: .time(.seconds(30)), slowCallDuration: .seconds(60)))
    }
    bulkhead = try ResiliencePipeline("bulkhead") { Bulkhead("b", limit: 100) }
    adaptive = try ResiliencePipeline("adaptive") { AdaptiveLimiting("a") }
    let rate = RateLimit(1_000_000_000, per: .seconds(1))
    rateLimit = try ResiliencePipeline("rate") { RateLimiting("b", rate) }
    both = try ResiliencePipeline("both") {
      Retry()
      CircuitBreaking("b")
    }
    four = try ResiliencePipeline("four") {
      Retry(budget: RetryBudget("b"))
      Bulkhead("b", limit: 100)
      RateLimiting("b", rate)
      CircuitBreaking("b")
    }
    described = try ResiliencePipeline(
      "described", described: [PolicyDescription("retry"), PolicyDescription("circuitBreaker")])
    timeout = try ResiliencePipeline("timeout") { AttemptTimeout(.seconds(1)) }
    hedge = try ResiliencePipeline("hedge") { Hedge(after: .seconds(1), isIdempotent: true) }
    hedged = try ResiliencePipeline("hedged") {
      Retry()
      CircuitBreaking("b")
      Hedge(after: .seconds(1), isIdempotent: true)
    }
  }

  @inline(never) static func nothing() async throws -> Int { 1 }

  func call(_ name: String, _ count: Int) async throws {
    var sum = 0
    switch name {
    case "empty": for _ in 0..<count { sum += try await empty.run { _ in try await Self.nothing() } }
    case "retry": for _ in 0..<count { sum += try await retry.run { _ in try await Self.nothing() } }
    case "retryWithBudget": for _ in 0..<count { sum += try await budget.run { _ in try await Self.nothing() } }
    case "breaker": for _ in 0..<count { sum += try await breaker.run { _ in try await Self.nothing() } }
    case "breakerWithSlowCalls":
      for _ in 0..<count { sum += try await slowBreaker.run { _ in try await Self.nothing() } }
    case "breakerAlone": for _ in 0..<count { sum += try await breakerAlone.call { try await Self.nothing() } }
    case "bulkhead": for _ in 0..<count { sum += try await bulkhead.run { _ in try await Self.nothing() } }
    case "adaptiveLimit": for _ in 0..<count { sum += try await adaptive.run { _ in try await Self.nothing() } }
    case "rateLimit": for _ in 0..<count { sum += try await rateLimit.run { _ in try await Self.nothing() } }
    case "retryAndBreaker": for _ in 0..<count { sum += try await both.run { _ in try await Self.nothing() } }
    case "usualFour": for _ in 0..<count { sum += try await four.run { _ in try await Self.nothing() } }
    case "described": for _ in 0..<count { sum += try await described.run { _ in try await Self.nothing() } }
    case "attemptTimeout": for _ in 0..<count { sum += try await timeout.run { _ in try await Self.nothing() } }
    case "attemptTimeoutOfWaiting":
      for _ in 0..<count {
        sum += try await timeout.run { _ in
          await Task.yield()
          return 1
        }
      }
    case "hedge": for _ in 0..<count { sum += try await hedge.run { _ in try await Self.nothing() } }
    case "retryBreakerAndHedge": for _ in 0..<count { sum += try await hedged.run { _ in try await Self.nothing() } }
    default: for _ in 0..<count { sum += try await Self.nothing() }
    }
    precondition(sum == count)
  }
}
