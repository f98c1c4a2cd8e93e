#if Metrics
  public import CoreMetrics
  internal import Synchronization
  public import TomboloPorts
  public import TomboloQueue

  /// Counts what a queue does, through swift-metrics.
  ///
  /// | metric | kind | dimensions |
  /// |---|---|---|
  /// | `tombolo_queue_enqueued_total` | counter | `kind` |
  /// | `tombolo_queue_attempts_total` | counter of calls of a handler | `kind` |
  /// | `tombolo_queue_outcomes_total` | counter | `kind`, `outcome` |
  /// | `tombolo_queue_attempt_duration` | timer: from the call of a handler to what became of it | `kind` |
  /// | `tombolo_queue_delivery_latency` | timer: from enqueue to delivery, by the wall clock | `kind` |
  /// | `tombolo_queue_stalls_total` | counter | – |
  /// | `tombolo_queue_operations` | gauge: the depth | `state` |
  /// | `tombolo_queue_bytes` | gauge: payload bytes of what is not gone | – |
  /// | `tombolo_queue_oldest_seconds` | gauge: the age of the longest waiting; zero when nothing waits | – |
  ///
  /// Kinds come from whoever enqueues. The first `kindCountMaximum` have a dimension of their own, all others share `other`.
  ///
  /// **Usage.** `queue.add(metrics)` for all but the gauges; those are set by `run`, or by `record` whenever a scrape comes.
  public final class QueueMetrics: QueueListener {
    /// The most kinds with a dimension of their own.
    public static let kindCountMaximum = 200
    /// Far more than deliveries run at once: a bound against starts whose end is never told.
    private static let startCountMaximum = 10_000

    private struct State {
      var kinds: Set<String> = []
      /// When attempts began that are under way, by the monotonic clock.
      var starts: [OperationID: Duration] = [:]
    }

    private let factory: any MetricsFactory
    private let time: any TimeSource
    private let state = Mutex(State())

    /// Counts with the factory the program was bootstrapped with, or with this one.
    public init(_ factory: any MetricsFactory = MetricsSystem.factory, time: any TimeSource = SystemTimeSource()) {
      self.factory = factory
      self.time = time
    }

    /// Counts one event.
    public func receive(_ event: QueueEvent) {
      let kind = ("kind", dimension(of: event.kind))
      switch event.change {
      case .enqueued: return count("enqueued_total", [kind])
      case .started:
        count("attempts_total", [kind])
        let now = time.uptime
        return state.withLock { state in
          if state.starts.count < Self.startCountMaximum { state.starts[event.id] = now }
        }
      case .stalled: return count("stalls_total", [])
      case .progressed: return
      default: break
      }
      count("outcomes_total", [kind, ("outcome", event.change.telemetryName)])
      if let began = state.withLock({ $0.starts.removeValue(forKey: event.id) }) {
        record("attempt_duration", [kind], time.uptime - began)
      }
      if case .delivered = event.change {
        record("delivery_latency", [kind], max(.zero, event.id.timestamp.duration(to: event.at)))
      }
    }

    /// Sets the gauges.
    public func record(_ status: QueueStatus, at now: Timestamp) {
      for (state, count) in [
        ("pending", status.pending), ("delivering", status.delivering), ("retrying", status.retrying),
        ("blocked", status.blocked), ("parked", status.parked), ("deadLettered", status.deadLettered),
      ] {
        set("operations", [("state", state)], Double(count))
      }
      set("bytes", [], Double(status.byteCount))
      let age = status.oldestPending.map { max(.zero, $0.duration(to: now)) } ?? .zero
      set("oldest_seconds", [], Double(age.components.seconds))
    }

    /// Sets the gauges of `queue` every so often, until the task is cancelled.
    ///
    /// Throws what the queue's store throws.
    public func run(_ queue: SyncQueue, every interval: Duration = .seconds(15)) async throws {
      while !Task.isCancelled {
        record(try await queue.status(), at: queue.time.now)
        do {
          try await queue.time.sleep(for: interval)
        } catch is CancellationError {
          return
        }
      }
    }

    private func dimension(of kind: String) -> String {
      state.withLock { state in
        if state.kinds.contains(kind) { return kind }
        guard state.kinds.count < Self.kindCountMaximum else { return "other" }
        state.kinds.insert(kind)
        return kind
      }
    }

    private static let prefix = "tombolo_queue_"

    private func count(_ name: String, _ dimensions: [(String, String)]) {
      Counter(label: Self.prefix + name, dimensions: dimensions, factory: factory).increment()
    }

    private func set(_ name: String, _ dimensions: [(String, String)], _ value: Double) {
      Meter(label: Self.prefix + name, dimensions: dimensions, factory: factory).set(value)
    }

    private func record(_ name: String, _ dimensions: [(String, String)], _ duration: Duration) {
      Timer(label: Self.prefix + name, dimensions: dimensions, factory: factory)
        .recordNanoseconds(Int64(clamping: duration.attoseconds / 1_000_000_000))
    }
  }

  extension QueueEvent.Change {
    /// What became of an operation, in one word.
    fileprivate var telemetryName: String {
      switch self {
      case .enqueued: "enqueued"
      case .started: "started"
      case .progressed: "progressed"
      case .delivered: "delivered"
      case .retried: "retried"
      case .snoozed: "snoozed"
      case .released: "released"
      case .conflicted: "conflicted"
      case .parked: "parked"
      case .deadLettered: "deadLettered"
      case .redriven: "redriven"
      case .discarded: "discarded"
      case .expired: "expired"
      case .superseded: "superseded"
      case .stalled: "stalled"
      }
    }
  }
#endif
