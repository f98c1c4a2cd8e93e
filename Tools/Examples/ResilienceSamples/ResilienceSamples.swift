import TomboloResilience

/// The code of the guides about resilience, compiled and run. The guides show pieces of it, word for word, which the repository's
/// tests check.
@main
struct ResilienceSamples {
  static func main() async throws {
    try await pipeline()
    try await described()
    let upstream = Upstream()
    try await RetrySamples.run(upstream)
    try await TimeLimitSamples.run(upstream)
    try await CircuitBreakerSamples.run(upstream)
    try await LimitSamples.run(upstream)
    try await SharedCallSamples.run(upstream)
    try await DrillSamples.run(upstream)
  }

  static func pipeline() async throws {
    let environment = ResilienceEnvironment()
    let billing = try ResiliencePipeline("billing", environment: environment) {
      TotalTimeout(.seconds(10))
      Retry(attempts: 3, budget: RetryBudget("billing"))
      CircuitBreaking("billing")
      AttemptTimeout(.seconds(2))
    }
    print(billing)
    let invoice = try await billing.run(isIdempotent: true) { attempt in
      "invoice \(attempt.number)"
    } fallback: { _ in
      "the invoice of yesterday"
    }
    print(invoice)
    environment.circuitBreaker("billing")?.isolate()
  }

  static func described() async throws {
    let upstream = try ResiliencePipeline(
      "upstream",
      described: [
        PolicyDescription("retry", ["attempts": .number(4), "initial": .duration(.milliseconds(50))]),
        PolicyDescription("attemptTimeout", ["limit": .duration(.seconds(2))]),
      ])
    print(try await upstream.run { attempt in attempt.number })
  }
}

/// Something far away, as the samples need it.
struct Upstream: Sendable {
  /// What a server answers when it cannot.
  struct HTTPError: Error {
    var status: Int
  }

  /// There is nothing of this name.
  struct NotFound: Error {}

  func invoice(_ number: Int) async throws -> String { "invoice \(number)" }
  func locate(_ address: String) async throws -> String { "somewhere near \(address)" }
}
