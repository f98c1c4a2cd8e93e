import Foundation
import Synchronization
import Testing
import TomboloPorts
import TomboloTesting

@Suite("Whatever the world does, the queue keeps its promises", .timeLimit(.minutes(30)))
struct QueueSimulationTests {
  /// 500 seeds, or 10,000 with `TOMBOLO_NIGHTLY=1`, or the one of `TOMBOLO_SEED`.
  private static let seeds: Range<UInt64> = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["TOMBOLO_SEED"].flatMap({ UInt64($0) }) { return seed..<seed + 1 }
    return 0..<(environment["TOMBOLO_NIGHTLY"] == "1" ? 10_000 : 500)
  }()

  @Test("Random operations, faults, outages and crashes", arguments: 0..<2 as Range<UInt64>)
  func randomWorlds(part: UInt64) async throws {
    for seed in Self.seeds where seed % 2 == part {
      do {
        try await QueueSimulation(seed: seed).run()
      } catch let failure as SimulationFailure {
        Issue.record("\(failure)\nSee it again with TOMBOLO_SEED=\(seed)")
        return
      }
    }
  }

  @Test("A seed replays to the last line", arguments: [1, 2, 3, 5, 8, 13, 21, 34] as [UInt64])
  func replay(seed: UInt64) async throws {
    let (first, second) = (QueueSimulation(seed: seed), QueueSimulation(seed: seed))
    try await first.run()
    try await second.run()
    #expect(first.world.trace.checksum == second.world.trace.checksum)
    #expect(first.world.jobCounts.all == second.world.jobCounts.all)
  }
}
