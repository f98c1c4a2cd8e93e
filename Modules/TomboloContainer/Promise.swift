private import Synchronization

/// An answer that comes later: kept once, awaited by any number of tasks.
final class Promise<Answer: Sendable>: Sendable {
  private struct State {
    var answer: Answer?
    var waiters: [Int: CheckedContinuation<Answer?, Never>] = [:]
    var lastToken = 0
  }

  private let state = Mutex(State())

  /// Hands the answer to all who wait, and to all who will ask.
  func keep(_ answer: Answer) {
    let waiters = state.withLock { state in
      state.answer = answer
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    for waiter in waiters { waiter.resume(returning: answer) }
  }

  /// The answer; `nil` when the task is cancelled before it comes.
  func answer() async -> Answer? {
    let token = newToken()
    return await withTaskCancellationHandler {
      // The flag is up before the handler below runs, and the handler needs the lock: no cancellation is missed.
      await wait(token) { Task.isCancelled }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: token) }?.resume(returning: nil)
    }
  }

  /// Returns when it is kept, whether the task is cancelled or not.
  func settled() async {
    _ = await wait(newToken()) { false }
  }

  private func newToken() -> Int {
    state.withLock { state in
      state.lastToken += 1
      return state.lastToken
    }
  }

  private func wait(_ token: Int, unless isOver: @Sendable () -> Bool) async -> Answer? {
    await withCheckedContinuation { continuation in
      let isWaiting = state.withLock { state in
        guard state.answer == nil, !isOver() else { return false }
        state.waiters[token] = continuation
        return true
      }
      if !isWaiting { continuation.resume(returning: state.withLock { $0.answer }) }
    }
  }
}
