import Histogram
import TomboloPorts
import TomboloQueue

/// So many producers that each enqueue one operation after the other.
struct EnqueueScenario {
  var producerCount: Int
  var payload: [UInt8]

  func measure(_ name: String, _ rounds: Rounds) async throws -> BenchmarkResult {
    let floorCount = min(producerCount, 64)
    // Large payloads are bound by the disk's throughput long before.
    let usual = producerCount == 1 ? 4_000 : 40_000
    let count = rounds.settings.count(
      max(producerCount, usual * 256 / max(256, payload.count)), multipleOf: producerCount)
    return try await rounds.compare(
      name,
      floor: { folder in
        let floor = try rounds.engine.floor(in: folder, payload: payload)
        try floor.add(floorCount)
        return try await Meter.measure(count) {
          for _ in 0..<(count + floorCount - 1) / floorCount { try floor.add(floorCount) }
        }
      },
      ours: { folder in
        let store = try await rounds.engine.store(in: "\(folder)/store")
        let queue = try await SyncQueue.open(store: store)
        try await queue.enqueue(NewOperation(kind: "bench", payload: payload))
        var histogram = Meter.histogram()
        let reading = try await Meter.measure(count) {
          histogram = try await enqueue(count, to: queue)
        }
        try await store.close()
        return (reading, histogram)
      })
  }

  private func enqueue(_ count: Int, to queue: SyncQueue) async throws -> Histogram<UInt64> {
    try await withThrowingTaskGroup(of: Histogram<UInt64>.self) { group in
      for _ in 0..<producerCount {
        group.addTask {
          var histogram = Meter.histogram()
          let clock = ContinuousClock()
          var last = clock.now
          for _ in 0..<count / producerCount {
            try await queue.enqueue(NewOperation(kind: "bench", payload: payload))
            let now = clock.now
            histogram.record(UInt64(last.duration(to: now) / .nanoseconds(1)))
            last = now
          }
          return histogram
        }
      }
      var all = Meter.histogram()
      for try await histogram in group { all.add(histogram) }
      return all
    }
  }
}
