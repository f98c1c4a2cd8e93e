import Histogram
import TomboloPorts
import TomboloQueue

/// What is done to a queue while it is measured.
enum Load {
  /// So many producers enqueue, each one operation after the other; answers how long each took, in nanoseconds.
  static func enqueue(
    _ count: Int, producerCount: Int, payload: [UInt8], to queue: SyncQueue, watchedBy stages: StageClock? = nil
  ) async throws -> Histogram<UInt64> {
    try await withThrowingTaskGroup(of: Histogram<UInt64>.self) { group in
      for _ in 0..<producerCount {
        group.addTask {
          var histogram = Meter.histogram()
          let clock = ContinuousClock()
          var last = clock.now
          for _ in 0..<count / producerCount {
            try await queue.enqueue(NewOperation(kind: "bench", payload: payload))
            stages?.answered()
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

  /// Delivers at least `count` operations with a handler that does nothing; answers how many it were.
  static func deliver(_ count: Int, from queue: SyncQueue) async throws -> Int {
    let handler = CountingHandler(stopAfter: count)
    let worker = SyncWorker(queue: queue, handler: handler)
    handler.whenDone { worker.stop() }
    try await worker.run()
    guard worker.summary.delivered >= count else {
      throw BenchmarkError("\(worker.summary.delivered) of \(count) operations were delivered")
    }
    return worker.summary.delivered
  }
}
