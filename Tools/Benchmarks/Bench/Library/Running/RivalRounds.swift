/// Redis Streams, a round of it inside each of our rounds, with every engine: a busy moment meets both, as it meets the floor.
actor RivalRounds {
  private let peers: PeerProgram
  private let scenario: String
  private var rows: [PeerProgram.Row] = []

  /// `nil` where Redis does not know the scenario.
  init?(_ peers: PeerProgram, _ scenario: BenchmarkScenario) {
    guard let name = scenario.peerScenario else { return nil }
    self.peers = peers
    self.scenario = name
  }

  /// Operations a second of one more round.
  func round() async throws -> Double {
    let printed = try await peers.rows(scenario, ["--only", PeerProgram.redis, "--rounds", "1"])
    guard let row = printed.first, let rate = row.rates.first else { throw BenchmarkError("Redis gave no rate") }
    rows.append(row)
    return rate
  }

  /// The medians of all rounds so far; `nil` when there were none.
  var result: BenchmarkResult? {
    guard !rows.isEmpty else { return nil }
    return BenchmarkResult(
      scenario: scenario, engine: PeerProgram.redis, rate: Meter.median(rows.flatMap(\.rates)),
      processorMicroseconds: Meter.median(rows.map(\.processorMicroseconds)))
  }
}
