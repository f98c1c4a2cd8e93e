import Synchronization
import TomboloPorts

/// Wakes the one task that waits for it. A signal given while nobody waits is kept, once, for the next to wait.
final class WakeSignal: Sendable {
  private enum State {
    /// Nobody waits, nothing was signalled.
    case idle
    /// Signalled; the next wait returns at once.
    case signalled
    /// A task waits.
    case waiting(CheckedContinuation<Void, Never>)
  }

  private let state = Mutex(State.idle)

  /// Wakes the waiting task, or lets the next wait return at once.
  func signal() {
    let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard case .waiting(let continuation) = state else {
        state = .signalled
        return nil
      }
      state = .idle
      return continuation
    }
    waiting?.resume()
  }

  /// Forgets a signal nobody waited for. For the task that waits, before it looks at what it waits for.
  func reset() {
    state.withLock { state in
      if case .signalled = state { state = .idle }
    }
  }

  /// Returns when signalled, or after `duration`, if there is one. Throws `CancellationError` when the task is cancelled.
  func wait(atMost duration: Duration?, time: any TimeSource) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait() }
      if let duration { group.addTask { try await time.sleep(for: duration) } }
      try await group.next()
      group.cancelAll()
    }
    try Task.checkCancellation()
  }

  /// Returns when signalled or cancelled.
  private func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let isDue = state.withLock { state in
          if case .idle = state, !Task.isCancelled {
            state = .waiting(continuation)
            return false
          }
          if case .signalled = state { state = .idle }
          return true
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
        guard case .waiting(let continuation) = state else { return nil }
        state = .idle
        return continuation
      }
      waiting?.resume()
    }
  }
}
