import TomboloResilience

/// The code of the guide about retries.
enum RetrySamples {
  static func run(_ client: Upstream) async throws {
    let invoices = try ResiliencePipeline("invoices") {
      TotalTimeout(.seconds(10))
      Retry(
        attempts: 4, backoff: .exponential(initial: .milliseconds(100)), budget: RetryBudget("invoices", ratio: 0.1)
      )
      .stopping(on: Upstream.NotFound.self)
      .retrying { ($0 as? Upstream.HTTPError)?.status == 503 }
    }
    do {
      print(try await invoices.run(isIdempotent: true) { _ in try await client.invoice(7) })
    } catch let error as RetryError {
      print("\(error.code) after \(error.attemptCount) attempts; the last said \(error.lastError)")
    }
  }
}
