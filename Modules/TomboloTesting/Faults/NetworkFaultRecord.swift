import Synchronization

/// One call, or one connection, as a mock met it.
public struct NetworkFaultRecord: Hashable, Sendable {
  /// When it began, since the mock was made. Monotonic.
  public var startedAt: Duration
  public var fault: NetworkFault
  /// What it was about: the identifier of the operation. Empty for a connection.
  public var subject: String
  /// The number of the attempt; 0 for a connection.
  public var attempt: Int
}

extension Collection where Element == NetworkFaultRecord {
  /// How long it was from each call to the next one: what a backoff can be compared with.
  public var intervals: [Duration] { zip(self, dropFirst()).map { $1.startedAt - $0.startedAt } }
}

/// Counts and notes calls, and draws for each what it meets.
final class NetworkFaultBook: Sendable {
  private struct State {
    var pattern: NetworkFaultPattern
    var patternCallCount = 0
    var patternStartedAt: Duration?
    var random: SeededGenerator
    var records: [NetworkFaultRecord] = []
  }

  private let state: Mutex<State>

  init(_ pattern: NetworkFaultPattern, seed: UInt64) {
    state = Mutex(State(pattern: pattern, random: SeededGenerator(seed: seed)))
  }

  var records: [NetworkFaultRecord] { state.withLock { $0.records } }

  /// From now on another pattern counts, from its beginning.
  func set(_ pattern: NetworkFaultPattern) {
    state.withLock { state in
      state.pattern = pattern
      state.patternCallCount = 0
      state.patternStartedAt = nil
    }
  }

  func next(at now: Duration, subject: String = "", attempt: Int = 0) -> NetworkFault {
    state.withLock { state in
      let startedAt = state.patternStartedAt ?? now
      state.patternStartedAt = startedAt
      let draw = Double.random(in: 0..<1, using: &state.random)
      let fault = state.pattern.fault(call: state.patternCallCount, elapsed: now - startedAt, draw: draw)
      state.patternCallCount += 1
      state.records.append(
        NetworkFaultRecord(startedAt: now, fault: fault, subject: subject, attempt: attempt))
      return fault
    }
  }
}
