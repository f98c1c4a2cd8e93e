import Synchronization

/// Lets one body run at a time for each key, in the order they came. Keys that nobody uses cost nothing.
final class KeyedTurns: Sendable {
  private struct Waiter {
    var token: Int
    var continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    var lastToken = 0
    /// Those who wait behind whoever has the turn; there for each key that is taken.
    var waiters: [String: [Waiter]] = [:]
    var cancelled: Set<Int> = []
  }

  private let state = Mutex(State())

  /// Throws `CancellationError` when the task is cancelled before it has its turn.
  func withTurn<Answer: Sendable>(_ key: String, _ body: @Sendable () async throws -> Answer) async throws -> Answer {
    guard await begin(key) else { throw CancellationError() }
    defer { end(key) }
    return try await body()
  }

  private func begin(_ key: String) async -> Bool {
    let token = state.withLock { state -> Int? in
      guard state.waiters[key] != nil else {
        state.waiters[key] = []
        return nil
      }
      state.lastToken += 1
      return state.lastToken
    }
    guard let token else { return true }
    // Cancelled after it had its turn: nobody asks for the mark any more.
    defer { state.withLock { _ = $0.cancelled.remove(token) } }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.withLock { state -> Bool? in
          if state.cancelled.remove(token) != nil { return false }
          guard state.waiters[key] != nil else {
            // The turn came free meanwhile.
            state.waiters[key] = []
            return true
          }
          state.waiters[key]?.append(Waiter(token: token, continuation: continuation))
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> Waiter? in
        guard let index = state.waiters[key]?.firstIndex(where: { $0.token == token }) else {
          state.cancelled.insert(token)
          return nil
        }
        return state.waiters[key]?.remove(at: index)
      }
      waiter?.continuation.resume(returning: false)
    }
  }

  private func end(_ key: String) {
    let next = state.withLock { state -> Waiter? in
      guard let waiting = state.waiters[key], !waiting.isEmpty else {
        state.waiters[key] = nil
        return nil
      }
      return state.waiters[key]?.removeFirst()
    }
    next?.continuation.resume(returning: true)
  }
}
