import Testing
import TomboloPorts
import TomboloResilience

@testable import TomboloComposition

@Suite("Backoffs from a config file") struct BackoffPluginTests {
  @Test(
    "Each strategy is chosen by its type, with what is written beside it",
    arguments: [
      ("{type: constant, delay: 3s, jitter: none}", .constant(.seconds(3))),
      (
        "{type: linear, initial: 1s, increment: 2s, maximum: 9s, jitter: equal}",
        .linear(initial: .seconds(1), increment: .seconds(2), maximum: .seconds(9), jitter: .equal)
      ),
      (
        "{type: exponential, initial: 1s, multiplier: 3, maximum: 9s}",
        .exponential(initial: .seconds(1), multiplier: 3, maximum: .seconds(9))
      ),
      (
        "{type: decorrelated, initial: 1s, maximum: 9s}",
        .decorrelated(initial: .seconds(1), maximum: .seconds(9))
      ),
    ] as [(written: String, expected: Backoff)])
  func byType(written: String, expected: Backoff) async throws {
    var registry = try PluginRegistry.withBuiltIns()
    try registry.register(GatedDelivery.self)
    let configuration = try ConfigurationLoader(registry: registry).load(
      overrides: ["storage={type: memory}", "delivery={type: gated, name: one}", "queue.backoff=\(written)"])
    let made = try await registry.make(
      (any BackoffStrategy).self, from: configuration.queue.backoff,
      in: PluginContext(time: SystemTimeSource(), warn: { _ in }))
    #expect(made as? Backoff == expected)
  }
}
