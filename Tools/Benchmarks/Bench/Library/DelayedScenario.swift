import TomboloPorts
import TomboloQueue

/// A hundred operations that are due, while many are stored that are not yet; against a queue that holds the hundred alone.
struct DelayedScenario {
  private static let dueCount = 100

  func measure(_ name: String, _ rounds: Rounds) async throws -> BenchmarkResult {
    let delayedCount = rounds.settings.count(100_000, multipleOf: 1_000)
    var result = try await rounds.compare(
      name, floor: { try await deliver(delayedCount: 0, rounds, $0) },
      ours: { (try await deliver(delayedCount: delayedCount, rounds, $0), nil) })
    result.figures["delayed operations"] = Double(delayedCount)
    return result
  }

  private func deliver(delayedCount: Int, _ rounds: Rounds, _ folder: String) async throws -> Meter.Reading {
    let store = try await rounds.engine.store(in: "\(folder)/store", durability: .none)
    let queue = try await SyncQueue.open(store: store)
    let payload = rounds.settings.payload
    let later = SystemTimeSource().now.advanced(by: .seconds(86_400))
    for _ in 0..<delayedCount / 1_000 {
      _ = try await queue.enqueue(
        (0..<1_000).map { _ in NewOperation(kind: "bench", payload: payload, notBefore: later) })
    }
    for _ in 0..<Self.dueCount { try await queue.enqueue(NewOperation(kind: "bench", payload: payload)) }
    let worker = SyncWorker(queue: queue, handler: CountingHandler(stopAfter: .max))
    let reading = try await Meter.measure(Self.dueCount) {
      let summary = try await worker.drain()
      guard summary.delivered == Self.dueCount else { throw BenchmarkError("\(summary.delivered) were delivered") }
    }
    try await store.close()
    return reading
  }
}
