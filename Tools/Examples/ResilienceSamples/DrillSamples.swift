import TomboloResilience

/// The code of the guide about chaos drills.
enum DrillSamples {
  static func run(_ client: Upstream) async throws {
    let drilled = try ResiliencePipeline("drilled") {
      Retry(attempts: 5, backoff: .constant(.zero), isIdempotent: true)
      AttemptTimeout(.seconds(1))
      Chaos(faultRate: 0.1, latencyRate: 0.2, latency: .milliseconds(1), lostOutcomeRate: 0.05, seed: 42)
    }
    for number in 1...20 { print(try await drilled.run { _ in try await client.invoice(number) }) }
  }
}
