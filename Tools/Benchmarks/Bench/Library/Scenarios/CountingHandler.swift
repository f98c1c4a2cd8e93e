import Synchronization
import TomboloPorts

/// Accepts everything, and says when it has had enough.
final class CountingHandler: OperationHandler {
  private struct State {
    var count = 0
    var done: @Sendable () -> Void = {}
  }

  let upstream = "bench"
  private let stopAfter: Int
  private let state = Mutex(State())

  init(stopAfter: Int) { self.stopAfter = stopAfter }

  func whenDone(_ done: @escaping @Sendable () -> Void) { state.withLock { $0.done = done } }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async -> DeliveryOutcome {
    let done = state.withLock { state -> (@Sendable () -> Void)? in
      state.count += 1
      return state.count == stopAfter ? state.done : nil
    }
    done?()
    return .delivered
  }
}
