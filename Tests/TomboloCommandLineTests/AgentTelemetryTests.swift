import CoreMetrics
import InMemoryTracing
import Logging
import MetricsTestKit
import ServiceLifecycle
import Testing
import TomboloComposition
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting
import Tracing

@testable import TomboloProgram

@Suite("The metrics and traces of the agent", .timeLimit(.minutes(5)))
struct AgentTelemetryTests {
  @Test("A program that was bootstrapped with neither pays for neither")
  func none() async throws {
    let telemetry = AgentTelemetry.bootstrapped
    #expect(telemetry.observation.listeners.isEmpty)
    #expect(telemetry.observation.headersAtEnqueue == nil)
    let queue = try await SyncQueue.open(store: InMemoryStore(), time: ManualTimeSource())
    #expect(telemetry.services(queue, logger: Logger(label: "test")).isEmpty)
  }

  @Test("What a program was bootstrapped with gets the counters, the gauges and a span for each attempt")
  func both() async throws {
    let (metrics, tracer, time) = (TestMetrics(), InMemoryTracer(), ManualTimeSource())
    let telemetry = AgentTelemetry(metrics, tracer)
    let observation = telemetry.observation
    var configuration = QueueConfiguration()
    configuration.headersAtEnqueue = observation.headersAtEnqueue
    let queue = try await SyncQueue.open(store: InMemoryStore(), configuration: configuration, time: time)
    for listener in observation.listeners { queue.add(listener) }
    let request = tracer.startSpan("request", context: .topLevel, ofKind: .server)
    try await ServiceContext.withValue(request.context) { _ = try await queue.enqueue(NewOperation(kind: "k")) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for service in telemetry.services(queue, logger: Logger(label: "test")) {
        group.addTask { try await service.run() }
      }
      await time.waitForSleepers(1)
      group.cancelAll()
      try await group.waitForAll()
    }
    let depth = try metrics.expectMeter("tombolo_queue_operations", [("state", "pending")])
    #expect(depth.lastValue == 1)
    try await SyncWorker(queue: queue, handler: observation.around(RecordingHandler())).drain()
    #expect(try metrics.expectCounter("tombolo_queue_attempts_total", [("kind", "k")]).totalValue == 1)
    let span = try #require(tracer.finishedSpans.first { $0.operationName == "deliver k" })
    #expect(span.traceID == request.traceID)
  }
}
