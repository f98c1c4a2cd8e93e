import TomboloResilience

/// The code of the guide about time limits.
enum TimeLimitSamples {
  static func run(_ client: Upstream) async throws {
    let invoices = try ResiliencePipeline("invoices") {
      TotalTimeout(.seconds(10))
      Retry(attempts: 3, isIdempotent: true)
      AttemptTimeout(.seconds(2))
    }
    print(try await invoices.run { _ in try await client.invoice(7) })

    let stubborn = try ResiliencePipeline("stubborn") { AbandoningTimeout(.seconds(2)) }
    print(try await stubborn.run { _ in try await client.invoice(8) })
  }
}
