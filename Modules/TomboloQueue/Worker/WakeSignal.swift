import Synchronization

/// Wakes one waiter, or the next one to come: signals are remembered, and many count as one.
final class WakeSignal: Sendable {
  /// Safety: a continuation is resumed exactly once, by whoever takes it out of the state, or finds no reason to put it there. A checked
  /// one is copied by generic code, and this is signalled several times for each operation.
  private enum State {
    case idle
    case signalled
    case waiting(UnsafeContinuation<Void, Never>)
  }

  private let state = Mutex(State.idle)

  func signal() {
    let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      switch state {
      case .waiting(let continuation):
        state = .idle
        return continuation
      case .idle, .signalled:
        state = .signalled
        return nil
      }
    }
    waiter?.resume()
  }

  /// Whether the next one to wait would not.
  var isSignalled: Bool {
    state.withLock { state in
      if case .signalled = state { return true }
      return false
    }
  }

  /// Returns once signalled, or when the task is cancelled. For one waiter at a time: a second one sends the first on.
  func wait() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let isCancelled = Task.isCancelled
        let resumed = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
          switch state {
          case .signalled:
            state = .idle
            return [continuation]
          case .idle:
            if isCancelled { return [continuation] }
            state = .waiting(continuation)
            return []
          case .waiting(let other):
            state = .waiting(continuation)
            return [other]
          }
        }
        for continuation in resumed { continuation.resume() }
      }
    } onCancel: {
      // Leaves the signal set when nobody waits, which costs the next waiter one turn and loses nothing.
      signal()
    }
  }
}
