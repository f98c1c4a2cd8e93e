import Synchronization
import TomboloPorts

/// Divides the time of a run into that in commits and that between them, and keeps what was committed, so that the engine alone can be
/// given the same (`EngineReplay`).
final class StageClock: Sendable {
  /// What happened from `begin` to `end`. Times add up to the whole, also where several commits are under way at once.
  struct Reading {
    var commitCount = 0
    var batchCount = 0
    var mutationCount = 0
    /// While no commit was under way: whoever waited was woken, came back with the next operation, and that was gathered and planned.
    var between = Duration.zero
    /// While one was.
    var inCommit = Duration.zero
    /// In reads of the store, each for itself.
    var reading = Duration.zero
    /// From the end of the last commit until a producer had its answer, for each answer.
    var wayBack = Duration.zero
    var wayBackCount = 0
    /// The same until the last producer had its answer, for each commit that somebody waited for.
    var lastWayBack = Duration.zero
    var lastWayBackCount = 0
  }

  fileprivate struct State {
    var reading = Reading()
    var underWayCount = 0
    var changed = ContinuousClock.now
    var left = ContinuousClock.now
    var slowestWayBack = Duration.zero
    var commits: [[Mutation]] = []
    /// How many of `commits` came before `begin`.
    var earlierCount = 0
    /// As they were at `end`.
    var ended = Reading()
    var endCount = 0
  }

  private let state = Mutex(State())

  /// What comes from now on counts.
  func begin() {
    state.withLock { state in
      state.reading = Reading()
      state.changed = .now
      state.left = state.changed
      state.slowestWayBack = .zero
      state.earlierCount = state.commits.count
    }
  }

  /// What comes from now on does not count. Nothing must be under way.
  func end() {
    state.withLock { state in
      state.pass(.now)
      state.closeWayBack()
      state.ended = state.reading
      state.endCount = state.commits.count
    }
  }

  /// What came between `begin` and `end`.
  var reading: Reading { state.withLock { $0.ended } }

  /// The changes of each commit up to `end`, in order, and how many of them came before `begin`.
  var log: (commits: ArraySlice<[Mutation]>, earlierCount: Int) {
    state.withLock { ($0.commits.prefix($0.endCount), $0.earlierCount) }
  }

  func enter(_ batches: [Batch]) {
    let mutations = batches.count == 1 ? batches[0].mutations : batches.flatMap(\.mutations)
    state.withLock { state in
      state.pass(.now)
      state.underWayCount += 1
      state.reading.commitCount += 1
      state.reading.batchCount += batches.count
      state.reading.mutationCount += mutations.count
      state.commits.append(mutations)
    }
  }

  func leave() {
    state.withLock { state in
      state.pass(.now)
      state.underWayCount -= 1
      state.closeWayBack()
      state.left = state.changed
    }
  }

  /// A producer has its answer.
  func answered() {
    state.withLock { state in
      let wayBack = state.left.duration(to: .now)
      state.reading.wayBack += wayBack
      state.reading.wayBackCount += 1
      state.slowestWayBack = max(state.slowestWayBack, wayBack)
    }
  }

  func reading<Value>(_ body: () async throws -> Value) async throws -> Value {
    let began = ContinuousClock.now
    let value = try await body()
    state.withLock { $0.reading.reading += began.duration(to: .now) }
    return value
  }
}

extension StageClock.State {
  fileprivate mutating func pass(_ now: ContinuousClock.Instant) {
    let elapsed = changed.duration(to: now)
    if underWayCount == 0 { reading.between += elapsed } else { reading.inCommit += elapsed }
    changed = now
  }

  fileprivate mutating func closeWayBack() {
    guard slowestWayBack > .zero else { return }
    reading.lastWayBack += slowestWayBack
    reading.lastWayBackCount += 1
    slowestWayBack = .zero
  }
}
