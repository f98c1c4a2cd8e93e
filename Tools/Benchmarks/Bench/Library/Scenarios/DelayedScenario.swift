import TomboloPorts
import TomboloQueue

/// A hundred operations that are due, while a million are stored that are due tomorrow; against a queue that holds the hundred alone.
/// Claiming and settling are measured, in a pass of the worker.
struct DelayedScenario {
  private static let (dueCount, delayedCount) = (100, 1_000_000)

  func measure(_ name: String, _ rounds: Rounds, _ stores: FilledStores) async throws -> BenchmarkResult {
    let settings = rounds.settings
    let delayedCount = settings.count(Self.delayedCount)
    let filled = try await stores.store(rounds.engine, count: delayedCount, isDelayed: true)
    return try await settings.withFolder { folder in
      let full = try await rounds.engine.store(in: filled.folder)
      let empty = try await rounds.engine.store(in: "\(folder)/store")
      let fullQueue = try await SyncQueue.open(store: full, configuration: .bench)
      let emptyQueue = try await SyncQueue.open(store: empty, configuration: .bench)
      var result = try await rounds.compare(
        name, floor: { _ in try await deliver(emptyQueue, settings) },
        ours: { _ in Rounds.Turn(try await deliver(fullQueue, settings)) })
      let times = SettleTimes(from: .claimed)
      fullQueue.add(times)
      _ = try await deliver(fullQueue, settings)
      result.latencies = BenchmarkResult.Latencies(times.histogram)
      guard try await fullQueue.status().stored == delayedCount else { throw BenchmarkError("something was lost") }
      result.state = FilledStores.state(delayedCount) + "; open since before the first round, warmed by one pass"
      result.figures["operations that are not yet due"] = Double(delayedCount)
      result.figures["ms for 100 that are due"] = result.rate.map { Double(Self.dueCount) / $0 * 1_000 }
      try await full.close()
      try await empty.close()
      return result
    }
  }

  private func deliver(_ queue: SyncQueue, _ settings: BenchmarkSettings) async throws -> Meter.Reading {
    // Many times, because a pass over a hundred is short.
    var tally = Meter.Tally()
    for _ in 0..<settings.count(20) {
      let payload = settings.payload
      _ = try await queue.enqueue((0..<Self.dueCount).map { _ in NewOperation(kind: "bench", payload: payload) })
      let worker = SyncWorker(queue: queue, handler: CountingHandler(stopAfter: .max))
      try await tally.measure {
        let summary = try await worker.drain()
        guard summary.delivered == Self.dueCount else { throw BenchmarkError("\(summary.delivered) were delivered") }
        return summary.delivered
      }
    }
    return tally.reading
  }
}
