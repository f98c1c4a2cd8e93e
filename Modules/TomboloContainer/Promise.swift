private import Synchronization

/// An answer that comes later: kept once, awaited by any number of tasks.
final class Promise<Answer: Sendable>: Sendable {
  private struct State {
    var answer: Answer?
    var waiters: [Int: CheckedContinuation<Answer?, Never>] = [:]
    var lastToken = 0
  }

  private let state = Mutex(State())

  var isKept: Bool { state.withLock { $0.answer != nil } }

  /// Hands the answer to all who wait, and to all who will ask.
  func keep(_ answer: Answer) {
    let waiters = state.withLock { state in
      state.answer = answer
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    for waiter in waiters { waiter.resume(returning: answer) }
  }

  /// The answer; `nil` when the task is cancelled before it comes, unless it waits even then.
  func answer(evenIfCancelled isPatient: Bool = false) async -> Answer? {
    let (token, kept) = state.withLock { state in
      state.lastToken += 1
      return (state.lastToken, state.answer)
    }
    if let kept { return kept }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isWaiting = state.withLock { state in
          // The flag is up before the handler below runs, and the handler needs the lock: no cancellation is missed.
          guard state.answer == nil, isPatient || !Task.isCancelled else { return false }
          state.waiters[token] = continuation
          return true
        }
        if !isWaiting { continuation.resume(returning: state.withLock { $0.answer }) }
      }
    } onCancel: {
      if !isPatient { state.withLock { $0.waiters.removeValue(forKey: token) }?.resume(returning: nil) }
    }
  }
}
