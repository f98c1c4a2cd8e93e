import Foundation
import Testing
import TomboloTesting

@Suite("Edits of one key arrive in the order they were written, in a simulated world", .timeLimit(.minutes(30)))
struct OvertakingTests {
  /// 40 seeds, 1,000 with `TOMBOLO_NIGHTLY=1`, or the one of `TOMBOLO_SEED`: ten in each case, which has the time limit to itself.
  static let chunks: [Range<UInt64>] = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["TOMBOLO_SEED"].flatMap({ UInt64($0) }) { return [seed..<seed + 1] }
    let count: UInt64 = environment["TOMBOLO_NIGHTLY"] == "1" ? 1_000 : 40
    return stride(from: 0, to: count, by: 10).map { $0..<min($0 + 10, count) }
  }()

  @Test(
    "whatever is sent at once, queued and delivered meanwhile, none overtakes another and none is lost",
    arguments: chunks)
  func randomWorlds(_ seeds: Range<UInt64>) async throws {
    for seed in seeds {
      do {
        try await CompositeSimulation(seed: seed).run()
      } catch let failure as SimulationFailure {
        Issue.record("\(failure)\nSee it again with TOMBOLO_SEED=\(seed)")
        return
      }
    }
  }

  @Test("a seed replays to the last line", arguments: [1, 2, 3] as [UInt64])
  func replay(seed: UInt64) async throws {
    let (first, second) = (CompositeSimulation(seed: seed), CompositeSimulation(seed: seed))
    try await first.run()
    try await second.run()
    #expect(first.world.trace.checksum == second.world.trace.checksum)
  }

  @Test("a writer that does not look whether anything is queued is found")
  func hasty() async throws {
    var found = 0
    for seed in 0..<4 as Range<UInt64> {
      do {
        try await CompositeSimulation(seed: seed, isHasty: true).run()
      } catch let failure as SimulationFailure {
        #expect(failure.message.contains("after"), "\(failure.message)")
        found += 1
      }
    }
    #expect(found >= 3, "only \(found) of 4 seeds found it")
  }
}
