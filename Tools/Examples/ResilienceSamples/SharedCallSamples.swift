import TomboloResilience

/// The code of the guides about hedging, shared calls and fallbacks.
enum SharedCallSamples {
  static func run(_ client: Upstream) async throws {
    let invoices = try ResiliencePipeline("invoices") {
      Retry(attempts: 2)
      Hedge(after: .milliseconds(200), isIdempotent: true)
    }
    print(try await invoices.run { _ in try await client.invoice(7) })

    let flights = SingleFlight<Int, String>()
    print(try await flights.run(7) { try await client.invoice(7) })

    let text = try await invoices.run { _ in
      try await client.invoice(7)
    } fallback: { error in
      "yesterday's invoice, because \(error)"
    }
    print(text)
  }
}
