import TomboloResilience

/// The code of the guide about chaos drills.
enum DrillSamples {
  static func run(_ client: Upstream) async throws {
    let environment = ResilienceEnvironment(random: SeededGenerator(seed: 42))
    let drilled = try ResiliencePipeline("drilled", environment: environment) {
      Retry(attempts: 5, backoff: .constant(.zero), isIdempotent: true)
      AttemptTimeout(.seconds(1))
      Chaos(faultRate: 0.1, latencyRate: 0.2, latency: .milliseconds(1), lostOutcomeRate: 0.05)
    }
    for number in 1...20 { print(try await drilled.run { _ in try await client.invoice(number) }) }
  }
}

/// The same numbers for the same seed (a 64-bit linear congruential generator: enough for a drill).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 32
  }
}
