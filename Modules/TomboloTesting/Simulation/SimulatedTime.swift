private import Synchronization
public import TomboloPorts

/// A clock that moves only when nothing else can run: then it jumps to the next sleeper. Virtual days pass in seconds.
///
/// The wall clock goes with the monotonic one until `jumpWallClock(by:)` makes it jump alone.
public final class SimulatedTime: TimeSource {
  private struct Sleeper {
    var token: Int
    var deadline: Duration
    var continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    /// What the wall clock would have said when the monotonic one began. Not moved on step by step: what rounds to milliseconds each
    /// time would drift.
    var origin: Timestamp
    var uptime: Duration = .zero
    var now: Timestamp { origin.advanced(by: uptime) }
    var lastToken = 0
    /// By deadline, then in the order they fell asleep.
    var sleepers: [Sleeper] = []
    /// Tokens cancelled before their sleep was entered.
    var cancelled: Set<Int> = []
  }

  private let state: Mutex<State>

  public init(now: Timestamp = Timestamp(millisecondsSinceEpoch: 1_790_000_000_000)) {
    state = Mutex(State(origin: now))
  }

  public var now: Timestamp { state.withLock { $0.now } }
  public var uptime: Duration { state.withLock { $0.uptime } }

  /// How many sleep now.
  public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

  public func sleep(for duration: Duration) async throws {
    try Task.checkCancellation()
    guard duration > .zero else { return }
    let token = state.withLock { state in
      state.lastToken += 1
      return state.lastToken
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let isCancelled = state.withLock { state in
          if state.cancelled.remove(token) != nil { return true }
          let deadline = state.uptime + duration
          let index = state.sleepers.lastIndex { $0.deadline <= deadline }.map { $0 + 1 } ?? 0
          state.sleepers.insert(Sleeper(token: token, deadline: deadline, continuation: continuation), at: index)
          return false
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> Sleeper? in
        guard let index = state.sleepers.firstIndex(where: { $0.token == token }) else {
          state.cancelled.insert(token)
          return nil
        }
        return state.sleepers.remove(at: index)
      }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
    _ = state.withLock { $0.cancelled.remove(token) }
  }

  /// Makes the wall clock jump, in either direction; nobody wakes.
  public func jumpWallClock(by duration: Duration) {
    state.withLock { $0.origin = $0.origin.advanced(by: duration) }
  }

  /// Moves on to the next sleeper and wakes it; `false` when nobody sleeps.
  public func wakeNext() -> Bool {
    let sleeper = state.withLock { state -> Sleeper? in
      guard !state.sleepers.isEmpty else { return nil }
      let sleeper = state.sleepers.removeFirst()
      state.uptime = sleeper.deadline
      return sleeper
    }
    sleeper?.continuation.resume()
    return sleeper != nil
  }
}
