import Synchronization
import TomboloPorts

/// Where handlers report to. A handler that keeps an attempt for longer does not keep the worker with it.
final class ReportTarget: Sendable {
  private struct Weak {
    weak var worker: SyncWorker?
  }

  private let target = Mutex(Weak())

  var worker: SyncWorker? {
    get { target.withLock { $0.worker } }
    set { target.withLock { $0.worker = newValue } }
  }
}

/// What handlers report about deliveries that take long.
extension SyncWorker {
  /// How often one operation's progress is told as an event: a handler may report each packet it sends, and readers of events
  /// have a bounded buffer.
  static let progressInterval = Duration.seconds(1)

  /// Where the handler of this delivery reports to.
  func reporter(for claimed: ClaimedOperation) -> ProgressReporter {
    ProgressReporter { [reports, id = claimed.id, kind = claimed.operation.kind] progress in
      reports.worker?.noteProgress(progress, of: id, kind: kind)
    }
  }

  private func noteProgress(_ progress: DeliveryProgress, of id: OperationID, kind: String) {
    let now = time.uptime
    let isTold = queue.engine.state.withLock { state -> Bool? in
      // A report that comes when the delivery has ended is nobody's.
      guard var entry = state.inFlight[id] else { return nil }
      entry.progress = progress
      entry.reportedAt = now
      let isTold = entry.toldAt.map { now - $0 >= Self.progressInterval } ?? true
      if isTold { entry.toldAt = now }
      state.inFlight[id] = entry
      return isTold
    }
    guard let isTold else { return }
    state.withLock { $0.watchdog.progressed(at: now) }
    if isTold { queue.tell(id, kind: kind, .progressed(progress)) }
  }
}

extension SyncQueue {
  /// When the handler of an operation last reported progress, by the monotonic clock.
  func lastReport(of id: OperationID) -> Duration? {
    engine.state.withLock { $0.inFlight[id]?.reportedAt }
  }
}
