import Synchronization

/// Something that opens once, and those who wait for it; and a count that can be awaited.
final class Barrier: Sendable {
  private struct State {
    var isOpen = false
    var arrivalCount = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  /// Waits until it is opened.
  func pass() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let (isOpen, ready) = state.withLock { state in
        state.arrivalCount += 1
        if !state.isOpen { state.waiting.append(continuation) }
        let ready = state.watchers.filter { $0.count <= state.arrivalCount }.map(\.continuation)
        state.watchers.removeAll { $0.count <= state.arrivalCount }
        return (state.isOpen, ready)
      }
      if isOpen { continuation.resume() }
      for watcher in ready { watcher.resume() }
    }
  }

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Returns once `count` have arrived.
  func waitForArrivals(_ count: Int = 1) async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isReady = state.withLock { state in
        if state.arrivalCount >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isReady { continuation.resume() }
    }
  }
}
