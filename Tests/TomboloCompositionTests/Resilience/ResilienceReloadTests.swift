import Logging
import Testing
import TomboloContainer
import TomboloPorts
import TomboloResilience

@testable import TomboloComposition

/// A delivery that always fails.
enum FailingDelivery: DeliveryPlugin {
  static let identifier = PluginIdentifier(.delivery, "failing")
  static let summary = "Fails."
  static let options: [OptionDeclaration] = []

  struct Handler: OperationHandler {
    var upstream: String { "failing" }
    func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async -> DeliveryOutcome {
      .retry(after: nil, DeliveryFailure(.upstreamFailed, "500"))
    }
  }

  static func make(_ options: PluginOptions, in context: PluginContext) -> any OperationHandler { Handler() }
}

@Suite struct ResilienceReloadTests {
  private static func configuration(_ overrides: String...) throws -> Configuration {
    var registry = try PluginRegistry.withBuiltIns()
    try registry.register(FailingDelivery.self)
    return try ConfigurationLoader(registry: registry).load(
      overrides: ["storage={type: memory}", "delivery={type: failing}"] + overrides)
  }

  private static func system(_ configuration: Configuration) throws -> TomboloSystem {
    var registry = try PluginRegistry.withBuiltIns()
    try registry.register(FailingDelivery.self)
    return try TomboloSystem(
      configuration, registry: registry, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Once open it stays so for longer than the test may take.
  private static let breaker =
    "resilience={upstream: [{type: circuitBreaker, minimumCalls: 2, windowCalls: 4, openDuration: 1h}]}"

  @Test("a reload leaves an open breaker open, and takes policies away and brings them back")
  func reload() async throws {
    let system = try Self.system(try Self.configuration(Self.breaker))
    let parts = try await system.start()
    let live = try await system.container.resolve(LiveParts.self)
    func deliver() async throws -> DeliveryOutcome? {
      let operation = SyncOperation(
        id: OperationID(high: 1, low: 1), kind: "test", enqueuedAt: Timestamp(millisecondsSinceEpoch: 0))
      return try await live.use { try await $0.handler.deliver(operation, attempt: DeliveryAttempt(number: 1)) }
    }
    func isHeldBack() async throws -> Bool {
      if case .suspend(_, let failure)? = try await deliver() { failure.code == .heldBack } else { false }
    }
    for _ in 0..<2 { #expect(try await !isHeldBack()) }
    #expect(try await isHeldBack())

    let changed = try await system.reload(try Self.configuration(Self.breaker, "queue.concurrency=3"))
    #expect(changed.changed == ["queue.concurrency"])
    #expect(try await isHeldBack())
    #expect(parts.policies?.reports().first?.openings == 1)

    let without = try await system.reload(try Self.configuration())
    #expect(without.changed.contains("resilience.upstream"))
    #expect(parts.policies?.name == nil)
    #expect(try await !isHeldBack())

    _ = try await system.reload(try Self.configuration(Self.breaker))
    #expect(try await isHeldBack())
    try await system.close()
  }
}
