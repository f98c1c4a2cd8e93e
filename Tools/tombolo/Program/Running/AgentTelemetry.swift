import CoreMetrics
import Logging
import ServiceLifecycle
import TomboloComposition
import TomboloPorts
import TomboloQueue
import TomboloTelemetry
import Tracing

/// Hands what the agent does to the metrics and the tracer of the program it runs in.
///
/// The program as it comes has neither, and pays nothing; `GET /metrics` is there in any case. A package of one's own calls
/// `MetricsSystem.bootstrap` and `InstrumentationSystem.bootstrap` before `AgentProgram.run`.
struct AgentTelemetry: Sendable {
  private let metrics: QueueMetrics?
  private let tracer: (any Tracer)?

  /// What the program was bootstrapped with.
  static var bootstrapped: AgentTelemetry {
    let factory = MetricsSystem.factory
    let tracer = InstrumentationSystem.tracer
    return AgentTelemetry(
      factory is NOOPMetricsHandler ? nil : factory, tracer is NoOpTracer ? nil : tracer)
  }

  init(_ factory: (any MetricsFactory)?, _ tracer: (any Tracer)?) {
    metrics = factory.map { QueueMetrics($0) }
    self.tracer = tracer
  }

  /// What is hung onto the system.
  var observation: SystemObservation {
    var observation = SystemObservation(listeners: [metrics].compactMap { $0 as (any QueueListener)? })
    if let tracer {
      observation.headersAtEnqueue = OperationTrace.headers(tracer)
      observation.around = { TracedHandler($0, tracer: tracer) }
    }
    return observation
  }

  /// What runs beside the worker.
  func services(_ queue: SyncQueue, logger: Logger) -> [any Service] {
    guard let metrics else { return [] }
    return [QueueGauges(metrics: metrics, queue: queue, logger: logger)]
  }
}

/// Sets the gauges of a queue until the program stops.
private struct QueueGauges: Service {
  let metrics: QueueMetrics
  let queue: SyncQueue
  let logger: Logger

  /// A store that fails is no reason to end the agent: the worker meets the same failure and tells it, and the next look may go well.
  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          try await metrics.run(queue)
        } catch {
          logger.debug("the gauges of the queue could not be set", metadata: ["error": "\(error)"])
        }
        do {
          try await queue.time.sleep(for: .seconds(15))
        } catch {
          // Cancelled: the program stops.
          return
        }
      }
    }
  }
}
