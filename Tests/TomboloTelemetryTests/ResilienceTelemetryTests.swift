#if Metrics
  import CoreMetrics
  import InMemoryLogging
  import Logging
  import MetricsTestKit
  import Testing
  import TomboloResilience
  import TomboloTelemetry

  @Suite("Resilience telemetry")
  struct ResilienceTelemetryTests {
    let handler = InMemoryLogHandler()
    let metrics = TestMetrics()

    func log(_ level: Logger.Level = .trace) -> ResilienceLog {
      var logger = Logger(label: "test") { [handler] _ in handler }
      logger.logLevel = level
      return ResilienceLog(logger)
    }

    /// Every kind of event, with the level, the metadata beside names, and the metrics it must leave behind.
    struct Case: Sendable, CustomTestStringConvertible {
      let kind: ResilienceEvent.Kind
      let level: Logger.Level
      let metadata: Logger.Metadata
      let counters: [String]
      var gauges: [String] = []
      var testDescription: String { "\(kind)" }
    }

    static let cases: [Case] = [
      Case(
        kind: .retryScheduled(attempt: 2, delay: .seconds(3), failure: .throttled(retryAfter: .seconds(3))),
        level: .debug,
        metadata: ["attempt": "2", "delay": "3.0 seconds", "failure": "throttled"],
        counters: ["retries_total failure=throttled pipeline=p 1"]),
      Case(
        kind: .retryStopped(attempts: 3, reason: .budgetExhausted), level: .warning,
        metadata: ["attempts": "3", "reason": "budgetExhausted"],
        counters: ["given_up_total pipeline=p reason=budgetExhausted 1"]),
      Case(
        kind: .timedOut(limit: .seconds(1)), level: .notice, metadata: ["limit": "1.0 seconds"],
        counters: ["timeouts_total pipeline=p policy=x 1"]),
      Case(
        kind: .breakerChanged(from: .closed, to: .open(remaining: .seconds(30))), level: .warning,
        metadata: ["from": "closed", "to": "open"], counters: ["breaker_changes_total policy=x state=open 1"],
        gauges: ["breaker_state policy=x 2.0"]),
      Case(
        kind: .breakerChanged(from: .halfOpen, to: .closed), level: .notice,
        metadata: ["from": "halfOpen", "to": "closed"], counters: ["breaker_changes_total policy=x state=closed 1"],
        gauges: ["breaker_state policy=x 0.0"]),
      Case(
        kind: .refused(.bulkheadFull), level: .debug, metadata: ["reason": "bulkheadFull"],
        counters: ["refusals_total pipeline=p policy=x reason=bulkheadFull 1"]),
      Case(
        kind: .hedgeStarted(copy: 2), level: .debug, metadata: ["copy": "2"], counters: ["hedges_total pipeline=p 1"]),
      Case(kind: .hedgeWon(copy: 1), level: .debug, metadata: ["copy": "1"], counters: []),
      Case(
        kind: .hedgeWon(copy: 2), level: .debug, metadata: ["copy": "2"], counters: ["hedge_wins_total pipeline=p 1"]),
      Case(
        kind: .limitChanged(from: 20, to: 18), level: .info, metadata: ["from": "20", "to": "18"], counters: [],
        gauges: ["limit policy=x 18.0"]),
      Case(kind: .fallbackUsed, level: .notice, metadata: [:], counters: ["fallbacks_total pipeline=p 1"]),
      Case(
        kind: .chaosInjected(.latency(.seconds(1))), level: .info, metadata: ["effect": "latency"],
        counters: ["chaos_total effect=latency pipeline=p 1"]),
    ]

    @Test("Every event is one log line with its level, and everything that varies is metadata", arguments: cases)
    func logs(event: Case) throws {
      log().receive(ResilienceEvent(pipeline: "p", policy: "x", kind: event.kind))
      let entry = try #require(handler.entries.first)
      #expect(handler.entries.count == 1)
      #expect(entry.level == event.level)
      var metadata = event.metadata
      metadata["pipeline"] = "p"
      metadata["policy"] = "x"
      #expect(entry.metadata == metadata)
      #expect(entry.message.description.allSatisfy { !$0.isNumber }, "a message must not vary: \(entry.message)")
    }

    @Test("Every event moves the metrics of the table, and no others", arguments: cases)
    func counts(event: Case) {
      ResilienceMetrics(metrics).receive(ResilienceEvent(pipeline: "p", policy: "x", kind: event.kind))
      func line(_ label: String, _ dimensions: [(String, String)], _ value: String) -> String {
        let text = dimensions.map { "\($0)=\($1)" }.sorted().joined(separator: " ")
        return "\(label.trimmingPrefix("tombolo_resilience_")) \(text) \(value)"
      }
      #expect(metrics.counters.map { line($0.label, $0.dimensions, "\($0.totalValue)") } == event.counters)
      #expect(metrics.meters.map { line($0.label, $0.dimensions, "\($0.lastValue ?? -1)") } == event.gauges)
    }

    @Test("A wait before a retry is timed in nanoseconds, however long it is")
    func delays() throws {
      for delay in [Duration.milliseconds(250), .seconds(Int64.max)] {
        ResilienceMetrics(metrics).receive(
          ResilienceEvent(
            pipeline: "p", policy: "retry", kind: .retryScheduled(attempt: 1, delay: delay, failure: .transient)))
      }
      let timer = try metrics.expectTimer("tombolo_resilience_retry_delay", [("pipeline", "p")])
      #expect(timer.values == [250_000_000, Int64.max])
    }

    @Test("The environment of the guide can be built")
    func guide() async throws {
      let environment = ResilienceEnvironment(
        listener: ResilienceListeners([ResilienceLog(Logger(label: "resilience")), ResilienceMetrics()]))
      #expect(environment.listener != nil)
    }

    @Test("A quiet logger is not even asked")
    func quiet() {
      log(.warning).receive(ResilienceEvent(pipeline: "p", policy: "x", kind: .fallbackUsed))
      #expect(handler.entries.isEmpty)
    }

    @Test("A pipeline whose breaker opens tells both the log and the metrics")
    func pipeline() async throws {
      struct Broken: Error {}
      let environment = ResilienceEnvironment(listener: ResilienceListeners([log(), ResilienceMetrics(metrics)]))
      let pipeline = try ResiliencePipeline("billing", environment: environment) {
        Retry(attempts: 2, backoff: .constant(.zero))
        CircuitBreaking("db", CircuitBreakerConfiguration(callCountMinimum: 2, window: .count(2)))
      }
      await #expect(throws: RetryError.self) { try await pipeline.run { _ in throw Broken() } }
      await #expect(throws: ResilienceError.self) { try await pipeline.run { _ in } }
      #expect(
        handler.entries.map { "\($0.level) \($0.metadata["policy"] ?? "")" } == [
          "debug retry", "warning db", "warning retry", "debug db",
        ])
      #expect(metrics.counterTotal(label: "tombolo_resilience_refusals_total") == 1)
      #expect(metrics.counterTotal(label: "tombolo_resilience_retries_total") == 1)
      #expect(try metrics.expectMeter("tombolo_resilience_breaker_state", [("policy", "db")]).lastValue == 2)
    }
  }
#endif
