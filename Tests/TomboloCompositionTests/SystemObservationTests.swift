import Logging
import Synchronization
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloQueue

@testable import TomboloComposition

@Suite("What a program hangs onto a system", .timeLimit(.minutes(5)))
struct SystemObservationTests {
  /// Hears of the queue, and of each delivery.
  private final class Ear: QueueListener {
    private let state = Mutex((delivered: [OperationID](), headers: [[OperationHeader]]()))
    var delivered: [OperationID] { state.withLock { $0.delivered } }
    var headers: [[OperationHeader]] { state.withLock { $0.headers } }
    func receive(_ event: QueueEvent) {
      if case .delivered = event.change { state.withLock { $0.delivered.append(event.id) } }
    }
    func hear(_ operation: SyncOperation) { state.withLock { $0.headers.append(operation.headers) } }
  }

  private struct Around: OperationHandler {
    let base: any OperationHandler
    let ear: Ear
    var upstream: String { base.upstream }
    func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
      ear.hear(operation)
      return try await base.deliver(operation, attempt: attempt)
    }
  }

  @Test("It hears of each operation, adds headers, and goes around each delivery, also after a reload")
  func observed() async throws {
    try await GatedDelivery.$world.withValue(GatedDelivery.World()) {
      var registry = try PluginRegistry.withBuiltIns()
      try registry.register(GatedDelivery.self)
      let (ear, header) = (Ear(), OperationHeader(name: "traceparent", value: "00-test"))
      let observation = SystemObservation(
        listeners: [ear], headersAtEnqueue: { [header] }, around: { Around(base: $0, ear: ear) })
      let loader = ConfigurationLoader(registry: registry)
      let base = ["storage={type: memory}", "delivery={type: gated, name: one}"]
      let system = try TomboloSystem(
        try loader.load(overrides: base), registry: registry, observation: observation,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      let parts = try await system.start()
      let first = try await parts.queue.enqueue(NewOperation(kind: "k")).id
      try await parts.worker.drain()
      _ = try await system.reload(
        try loader.load(overrides: base + ["queue.concurrency=3", "queue.namespaces=[n]", "queue.versionClock.node=a"]))
      let second = try await parts.queue.enqueue(NewOperation(kind: "k", namespace: "n")).id
      try await parts.worker.drain()
      #expect(ear.delivered == [first, second])
      #expect(ear.headers.allSatisfy { $0.contains(header) } && ear.headers.count == 2)
      #expect(ear.headers.last?.contains { $0.name == HybridTimestamp.headerName } == true)
      #expect(parts.queue.activeNamespaces == ["n"])
      try await system.close()
    }
  }
}
