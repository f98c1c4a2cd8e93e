import Histogram
import Synchronization
import TomboloPorts
import TomboloQueue

/// How long each operation took from a moment of its life until it was settled: delivered, or kept as a dead letter.
final class SettleTimes: QueueListener {
  enum Start: Sendable {
    /// It was stored durably.
    case stored
    /// It was claimed, and its handler was about to be called for the first time.
    case claimed
  }

  private struct State {
    var began: [OperationID: ContinuousClock.Instant] = [:]
    var histogram = Meter.histogram()
  }

  private let start: Start
  private let state = Mutex(State())

  init(from start: Start) { self.start = start }

  /// Of all that were settled, in nanoseconds.
  var histogram: Histogram<UInt64> { state.withLock { $0.histogram } }

  func receive(_ event: QueueEvent) {
    switch (event.change, start) {
    case (.enqueued, .stored), (.started(attempt: 1), .claimed):
      let now = ContinuousClock.now
      // A delivery that was interrupted begins once more with the same number.
      state.withLock { if $0.began[event.id] == nil { $0.began[event.id] = now } }
    case (.delivered, _), (.deadLettered, _):
      let now = ContinuousClock.now
      state.withLock { state in
        guard let began = state.began.removeValue(forKey: event.id) else { return }
        state.histogram.record(UInt64(max(0, began.duration(to: now) / .nanoseconds(1))))
      }
    default: break
    }
  }
}
