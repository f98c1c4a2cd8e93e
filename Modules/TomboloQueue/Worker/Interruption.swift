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

  private let state = Mutex((running: RunningTask?.none, reason: Reason?.none, hasEnded: false))

  /// Why it was interrupted, before or while `run` was under way.
  var reason: Reason? { state.withLock { $0.reason } }

  /// Runs `body` on `task`, the present one, which is cancelled when it is interrupted, before or meanwhile. To be called once.
  @discardableResult
  func run<Value: Sendable>(on task: RunningTask?, _ body: () async -> Value) async -> Value {
    enter(task)
    defer { leave() }
    return await body()
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

  private func enter(_ running: RunningTask?) {
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

/// The task that a handler runs on.
///
/// Safety: it is known to others only while `Interruption.run` is under way on that task, so the task exists, and nothing is done with
/// it but cancelling, which any thread may do. It is cancelled with a lock held that `run` takes before it ends; so handlers of
/// cancellation run with the lock held, and must not run the rest of the task inline.
///
/// An object, because a value of a type that is not known here is copied by generic code each time.
final class RunningTask: @unchecked Sendable {
  fileprivate let task: UnsafeCurrentTask

  private init(_ task: UnsafeCurrentTask) {
    self.task = task
  }

  /// Hands the present task to `body`, which must not keep it; `nil` where there is none.
  static func withCurrent(_ body: (RunningTask?) async -> Void) async {
    await withUnsafeCurrentTask { task in await body(task.map { RunningTask($0) }) }
  }
}
