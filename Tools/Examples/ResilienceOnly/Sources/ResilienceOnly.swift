import TomboloResilience

/// A call with a time limit, retries with a budget and a circuit breaker, in an order that is checked.
@main
struct ResilienceOnly {
  static func main() async throws {
    let billing = try ResiliencePipeline("billing") {
      TotalTimeout(.seconds(10))
      Retry(attempts: 3, budget: RetryBudget("billing"))
      CircuitBreaking("billing")
      AttemptTimeout(.seconds(2))
    }
    let invoice = try await billing.run(isIdempotent: true) { attempt in try await fetchInvoice(7) }
    print(invoice)
  }

  /// What the program really wants.
  static func fetchInvoice(_ number: Int) async throws -> String { "invoice \(number)" }
}
