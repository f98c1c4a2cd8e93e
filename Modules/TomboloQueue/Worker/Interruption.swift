import Synchronization

/// Ends the attempt of one delivery from outside.
///
/// It cancels the task that the handler runs on, so that an attempt needs neither a task of its own nor one that waits. That task
/// stays cancelled afterwards: what is left to do for an interrupted delivery is done by another (`InterruptedDeliveries`).
final class Interruption: Sendable {
  enum Reason: Sendable {
    /// The handler gave no sign of life for its time limit.
    case timeOver
    /// Another process may deliver the operation now.
    case leaseLost
  }

  /// Safety: it is there only while `run` is under way on that task, so the task exists, and nothing is done with it but
  /// cancelling, which any thread may do. It is cancelled with the lock held, and `run` takes the lock before it ends; so handlers of
  /// cancellation run with the lock held, and must not run the rest of the task inline.
  ///
  /// An object, because a value of a type that is not known here is copied by generic code each time.
  private final class RunningTask: @unchecked Sendable {
    let task: UnsafeCurrentTask

    init(_ task: UnsafeCurrentTask) {
      self.task = task
    }
  }

  private let state = Mutex((running: RunningTask?.none, reason: Reason?.none, hasEnded: false))

  /// Why it was interrupted, before or while `run` was under way.
  var reason: Reason? { state.withLock { $0.reason } }

  /// Runs `body` on the present task, which is cancelled when it is interrupted, before or meanwhile. To be called once.
  @discardableResult
  func run<Value: Sendable>(_ body: () async -> Value?) async -> Value? {
    // Not handed back through generic code, which moves it about.
    var value: Value?
    await withUnsafeCurrentTask { task in
      enter(task)
      value = await body()
      leave()
    }
    return value
  }

  /// The first reason counts, and none once `run` has ended. Handlers of cancellation run right here, and must be as brief as they are anywhere.
  func interrupt(_ reason: Reason) {
    state.withLock { state in
      guard state.reason == nil, !state.hasEnded else { return }
      state.reason = reason
      // Under the lock, so that the task is there until this returns.
      state.running?.task.cancel()
    }
  }

  private func enter(_ task: UnsafeCurrentTask?) {
    let running = task.map { RunningTask($0) }
    state.withLock { state in
      state.running = running
      if state.reason != nil { running?.task.cancel() }
    }
  }

  private func leave() {
    state.withLock { state in
      state.running = nil
      state.hasEnded = true
    }
  }
}
