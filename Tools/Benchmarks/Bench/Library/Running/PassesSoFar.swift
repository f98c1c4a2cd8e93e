import Synchronization

/// Keeps what the passes of a run have measured so far, the one under way included.
final class PassesSoFar: Sendable {
  private struct Row: Hashable {
    var scenario: String
    var engine: BenchmarkEngine
  }

  private let rows = Mutex<[Row: MeasuredRounds]>([:])

  subscript(scenario: String, engine: BenchmarkEngine) -> MeasuredRounds {
    get { rows.withLock { $0[Row(scenario: scenario, engine: engine)] ?? MeasuredRounds() } }
    set { rows.withLock { $0[Row(scenario: scenario, engine: engine)] = newValue } }
  }
}
