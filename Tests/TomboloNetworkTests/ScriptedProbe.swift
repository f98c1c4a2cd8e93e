import Synchronization
import TomboloPorts

/// A probe that answers what it is told, and on demand only when it is told.
final class ScriptedProbe: ReachabilityProbe {
  private struct State {
    var condition: NetworkStatus.Condition
    var isHeld = false
    var checkCount = 0
    var held: [Int: CheckedContinuation<Void, Never>] = [:]
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state: Mutex<State>
  let isOnThisMachine: Bool

  init(_ condition: NetworkStatus.Condition = .online, isHeld: Bool = false, isOnThisMachine: Bool = false) {
    self.isOnThisMachine = isOnThisMachine
    state = Mutex(State(condition: condition, isHeld: isHeld))
  }

  var target: String { "script" }

  /// How often it was asked.
  var checkCount: Int { state.withLock { $0.checkCount } }

  /// What it answers from now on.
  func answer(_ condition: NetworkStatus.Condition) {
    state.withLock { $0.condition = condition }
  }

  /// From now on checks wait for `release()`.
  func hold() {
    state.withLock { $0.isHeld = true }
  }

  /// Lets those that wait answer, and later ones at once.
  func release() {
    let held = state.withLock { state in
      defer { state.held = [:] }
      state.isHeld = false
      return state.held.values
    }
    for continuation in held { continuation.resume() }
  }

  /// Returns once it was asked `count` times in all.
  func waitForChecks(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if state.checkCount >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isDone { continuation.resume() }
    }
  }

  func check() async -> ProbeResult {
    let (token, isHeld, ready) = state.withLock { state in
      state.checkCount += 1
      let count = state.checkCount
      let ready = state.watchers.filter { $0.count <= count }.map(\.continuation)
      state.watchers.removeAll { $0.count <= count }
      return (count, state.isHeld, ready)
    }
    for watcher in ready { watcher.resume() }
    if isHeld { await wait(token) }
    return ProbeResult(state.withLock { $0.condition }, detail: "as scripted")
  }

  private func wait(_ token: Int) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          guard state.isHeld, !Task.isCancelled else { return true }
          state.held[token] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let continuation = state.withLock { $0.held.removeValue(forKey: token) }
      continuation?.resume()
    }
  }
}
