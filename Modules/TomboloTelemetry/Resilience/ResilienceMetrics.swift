#if Metrics
  public import CoreMetrics
  public import TomboloResilience

  /// Counts what policies do, through swift-metrics.
  ///
  /// | metric | kind | dimensions |
  /// |---|---|---|
  /// | `tombolo_resilience_retries_total` | counter | `pipeline`, `failure` |
  /// | `tombolo_resilience_retry_delay` | timer | `pipeline` |
  /// | `tombolo_resilience_given_up_total` | counter | `pipeline`, `reason` |
  /// | `tombolo_resilience_timeouts_total` | counter | `pipeline`, `policy` |
  /// | `tombolo_resilience_refusals_total` | counter | `pipeline`, `policy`, `reason` |
  /// | `tombolo_resilience_breaker_changes_total` | counter | `policy`, `state` |
  /// | `tombolo_resilience_breaker_state` | gauge: 0 closed, 1 half-open, 2 open, 3 isolated | `policy` |
  /// | `tombolo_resilience_limit` | gauge | `policy` |
  /// | `tombolo_resilience_hedges_total` | counter | `pipeline` |
  /// | `tombolo_resilience_hedge_wins_total` | counter of answers that came first from a further copy | `pipeline` |
  /// | `tombolo_resilience_fallbacks_total` | counter | `pipeline` |
  /// | `tombolo_resilience_chaos_total` | counter | `pipeline`, `effect` |
  ///
  /// Every dimension is a name from the program or its configuration, or one of a few words: their number does not grow with calls.
  /// A gauge appears with the first change. Nothing is told on the happy path, so nothing is counted there: how many calls there
  /// are is the business of whoever makes them.
  ///
  /// **Usage.** `ResilienceEnvironment(listener: ResilienceMetrics())`; with a log as well, `ResilienceListeners([…])`.
  public struct ResilienceMetrics: ResilienceListener {
    private let factory: any MetricsFactory

    /// Counts with the factory the program was bootstrapped with, or with this one.
    public init(_ factory: any MetricsFactory = MetricsSystem.factory) { self.factory = factory }

    /// Counts one event.
    public func receive(_ event: ResilienceEvent) {
      let pipeline = ("pipeline", event.pipeline)
      let policy = ("policy", event.policy)
      switch event.kind {
      case .retryScheduled(_, let delay, let failure):
        count("retries_total", [pipeline, ("failure", failure.telemetryName)])
        Timer(label: Self.prefix + "retry_delay", dimensions: [pipeline], factory: factory)
          .recordNanoseconds(Self.nanoseconds(delay))
      case .retryStopped(_, let reason): count("given_up_total", [pipeline, ("reason", reason.description)])
      case .timedOut: count("timeouts_total", [pipeline, policy])
      case .breakerChanged(_, let state):
        count("breaker_changes_total", [policy, ("state", state.telemetryName)])
        gauge("breaker_state", [policy], state.telemetryValue)
      case .refused(let code): count("refusals_total", [pipeline, policy, ("reason", code.description)])
      case .hedgeStarted: count("hedges_total", [pipeline])
      case .hedgeWon(let copy): if copy > 1 { count("hedge_wins_total", [pipeline]) }
      case .limitChanged(_, let limit): gauge("limit", [policy], limit)
      case .fallbackUsed: count("fallbacks_total", [pipeline])
      case .chaosInjected(let effect): count("chaos_total", [pipeline, ("effect", effect.telemetryName)])
      }
    }

    private static let prefix = "tombolo_resilience_"

    private func count(_ name: String, _ dimensions: [(String, String)]) {
      Counter(label: Self.prefix + name, dimensions: dimensions, factory: factory).increment()
    }

    private func gauge(_ name: String, _ dimensions: [(String, String)], _ value: Int) {
      Meter(label: Self.prefix + name, dimensions: dimensions, factory: factory).set(value)
    }

    /// Whole nanoseconds, and the longest that can be told for anything longer.
    private static func nanoseconds(_ duration: Duration) -> Int64 {
      Int64(clamping: duration.attoseconds / 1_000_000_000)
    }
  }
#endif
