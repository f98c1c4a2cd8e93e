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
  /// As the state says. Where nobody serves a queue all who enqueue signal what is signalled already: they look here, and change nothing.
  private let isSet = Atomic(false)

  func signal() {
    // What this is about was done before it is looked whether somebody was told, and whoever waited looks what there is after it has
    // taken the signal away (`take`): without a fence on both sides each could miss the other.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard !isSet.load(ordering: .relaxed) else { return }
    let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      switch state {
      case .waiting(let continuation):
        state = .idle
        return continuation
      case .idle, .signalled:
        state = .signalled
        isSet.store(true, ordering: .relaxed)
        return nil
      }
    }
    waiter?.resume()
  }

  /// Takes away the signal that there is.
  private func take(_ state: inout State) {
    state = .idle
    isSet.store(false, ordering: .relaxed)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
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
            take(&state)
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
