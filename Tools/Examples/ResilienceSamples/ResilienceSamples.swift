import TomboloResilience

/// The code of the guides about resilience, compiled and run.
@main
struct ResilienceSamples {
  static func main() async throws {
    try await pipeline()
    try await described()
    try await flight()
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
      try await fetchInvoice(attempt.number)
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

  static func flight() async throws {
    let flights = SingleFlight<String, String>()
    print(try await flights.run("invoice/7") { try await fetchInvoice(7) })
  }

  static func fetchInvoice(_ number: Int) async throws -> String { "invoice \(number)" }
}
