import Foundation
import Synchronization
import Testing
import TomboloPorts
import TomboloTesting

@Suite("Whatever the world does, the queue keeps its promises", .timeLimit(.minutes(30)))
struct QueueSimulationTests {
  /// 500 seeds, or 10,000 with `TOMBOLO_NIGHTLY=1`, or the one of `TOMBOLO_SEED`, or with `TOMBOLO_SEEDS=500-2000` those from the first
  /// up to the second without it, so that a long run can be spread.
  private static let seeds: Range<UInt64> = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["TOMBOLO_SEED"].flatMap({ UInt64($0) }) { return seed..<seed + 1 }
    let bounds = (environment["TOMBOLO_SEEDS"] ?? "").split(separator: "-").compactMap { UInt64($0) }
    if bounds.count == 2, bounds[0] < bounds[1] { return bounds[0]..<bounds[1] }
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

@Suite("A simulation finds what it is there to find", .timeLimit(.minutes(5)))
struct PlantedBugTests {
  /// Acknowledges a commit now and then that it never makes.
  private final class ForgetfulStore: KeyValueStore {
    private let base: any KeyValueStore
    private let count = Mutex(0)
    init(_ base: any KeyValueStore) { self.base = base }
    var capabilities: StoreCapabilities { base.capabilities }
    func get(_ keys: [Key]) async throws -> [Record?] { try await base.get(keys) }
    func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
      try await base.scan(range, reverse: reverse, limit: limit)
    }
    func commit(_ batches: [Batch]) async throws -> [BatchResult] {
      let isForgotten = count.withLock { count in
        count += 1
        return count == 20
      }
      guard isForgotten else { return try await base.commit(batches) }
      return batches.map { _ in .committed(Revision(rawValue: .max)) }
    }
    func close() async throws { try await base.close() }
  }

  private func failure(seed: UInt64, _ planted: QueueSimulation.Planted) async throws -> SimulationFailure? {
    do {
      try await QueueSimulation(seed: seed, planted: planted).run()
      return nil
    } catch let failure as SimulationFailure {
      return failure
    }
  }

  @Test("A store that forgets a commit is found, and its seed shows the very same failure again")
  func forgetfulStore() async throws {
    let planted = QueueSimulation.Planted(store: { ForgetfulStore($0) })
    var found = 0
    for seed in 0..<4 as Range<UInt64> {
      guard let first = try await failure(seed: seed, planted) else { continue }
      found += 1
      #expect(first.seed == seed)
      #expect(try await failure(seed: seed, planted)?.description == first.description)
    }
    #expect(found >= 3, "only \(found) of 4 seeds found it")
  }
}
