import Synchronization
import TomboloPorts

/// One probe for all who ask at the same time.
///
/// The first to ask runs the probe in its own task; the others wait for its answer. When the first is cancelled, its answer
/// counts for nothing and one of the others asks anew, so that nobody gets the answer of a probe that was cut short.
final class SharedProbe: Sendable {
  private enum Answer {
    /// The answer has been taken in.
    case given
    /// Whoever asked was cancelled.
    case abandoned
  }

  private struct State {
    var isAsking = false
    var lastToken = 0
    var waiting: [Int: CheckedContinuation<Answer, Never>] = [:]
  }

  private let probe: any ReachabilityProbe
  private let state = Mutex(State())

  init(_ probe: any ReachabilityProbe) {
    self.probe = probe
  }

  /// What the probe says of itself at this moment.
  var isOnThisMachine: Bool { probe.isOnThisMachine }

  /// How many wait for somebody else's probe.
  var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Returns once `takeIn` was called with an answer, by this call or by the one it joined; or when the task is cancelled.
  /// `begin` is called each time before the probe is really asked.
  func ask(begin: () -> Void, takeIn: (ProbeResult) -> Void) async {
    while !Task.isCancelled {
      let isFirst = state.withLock { state in
        defer { state.isAsking = true }
        return !state.isAsking
      }
      if isFirst {
        begin()
        let result = await probe.check()
        let isAbandoned = Task.isCancelled
        if !isAbandoned { takeIn(result) }
        finish(isAbandoned ? .abandoned : .given)
        return
      }
      if await join() == .given { return }
    }
  }

  private func finish(_ answer: Answer) {
    let waiting = state.withLock { state in
      defer { state.waiting = [:] }
      state.isAsking = false
      return state.waiting.values
    }
    for continuation in waiting { continuation.resume(returning: answer) }
  }

  private func join() async -> Answer {
    let token = state.withLock { state in
      state.lastToken += 1
      return state.lastToken
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isWaiting = state.withLock { state in
          guard state.isAsking, !Task.isCancelled else { return false }
          state.waiting[token] = continuation
          return true
        }
        // The probe ended between the two looks, or this task: the caller's loop decides which.
        if !isWaiting { continuation.resume(returning: .abandoned) }
      }
    } onCancel: {
      let continuation = state.withLock { $0.waiting.removeValue(forKey: token) }
      continuation?.resume(returning: .abandoned)
    }
  }
}
