public import TomboloPorts

private import Synchronization

/// A time source that stands still until it is told to move.
///
///     let time = ManualTimeSource()
///     async let slept: Void = time.sleep(for: .seconds(5))
///     await time.waitForSleepers(1)
///     time.advance(by: .seconds(5))
///     try await slept
///
/// The wall clock and the monotonic clock move together; `setWallClock` makes the wall clock jump alone.
public final class ManualTimeSource: TimeSource {
  private struct Sleeper {
    var deadline: Duration
    var continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var now: Timestamp
    var uptime: Duration = .zero
    var lastToken = 0
    var sleepers: [Int: Sleeper] = [:]
    /// Tokens cancelled before their sleep was entered.
    var cancelled: Set<Int> = []
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state: Mutex<State>

  public init(now: Timestamp = Timestamp(millisecondsSinceEpoch: 1_790_000_000_000)) {
    state = Mutex(State(now: now))
  }

  public var now: Timestamp { state.withLock { $0.now } }
  public var uptime: Duration { state.withLock { $0.uptime } }

  /// How many tasks are asleep.
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
        let (isCancelled, ready) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
          if state.cancelled.remove(token) != nil { return (true, []) }
          state.sleepers[token] = Sleeper(deadline: state.uptime + duration, continuation: continuation)
          return (false, Self.takeReadyWatchers(&state))
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
        for watcher in ready { watcher.resume() }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> Sleeper? in
        guard let sleeper = state.sleepers.removeValue(forKey: token) else {
          state.cancelled.insert(token)
          return nil
        }
        return sleeper
      }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
    _ = state.withLock { $0.cancelled.remove(token) }
  }

  /// Moves both clocks on and wakes those whose time has come, the earliest deadline first.
  public func advance(by duration: Duration) {
    let due = state.withLock { state -> [Sleeper] in
      state.uptime += duration
      state.now = state.now.advanced(by: duration)
      let tokens = state.sleepers.filter { $0.value.deadline <= state.uptime }.keys
      return tokens.compactMap { state.sleepers.removeValue(forKey: $0) }.sorted { $0.deadline < $1.deadline }
    }
    for sleeper in due { sleeper.continuation.resume() }
  }

  /// Makes the wall clock jump; nobody wakes.
  public func setWallClock(_ now: Timestamp) {
    state.withLock { $0.now = now }
  }

  /// Returns once at least `count` tasks are asleep.
  public func waitForSleepers(_ count: Int = 1) async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isReady = state.withLock { state in
        if state.sleepers.count >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isReady { continuation.resume() }
    }
  }

  /// How long until the next sleeper wakes, or `nil` when nobody sleeps.
  public var timeUntilNextSleeper: Duration? {
    state.withLock { state in
      state.sleepers.values.map(\.deadline).min().map { $0 - state.uptime }
    }
  }

  private static func takeReadyWatchers(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
    let count = state.sleepers.count
    let ready = state.watchers.filter { $0.count <= count }.map(\.continuation)
    state.watchers.removeAll { $0.count <= count }
    return ready
  }
}
