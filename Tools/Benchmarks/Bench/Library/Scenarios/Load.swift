import TomboloPorts
import TomboloQueue

/// What is done to a queue while it is measured.
enum Load {
  /// One producer for each of `times`, which notes there how long each operation took, enqueues one operation after the other.
  static func enqueue(
    _ count: Int, payload: [UInt8], to queue: SyncQueue, times: [LatencyLog], watchedBy stages: StageClock? = nil
  ) async throws {
    try await withThrowingDiscardingTaskGroup { group in
      for log in times {
        group.addTask {
          // One of its own, as of producers that have made theirs: else all of them count the references to one array.
          let payload = payload.map(\.self)
          let clock = ContinuousClock()
          var last = clock.now
          for _ in 0..<count / times.count {
            try await queue.enqueue(NewOperation(kind: "bench", payload: payload))
            stages?.answered()
            let now = clock.now
            log.note(last.duration(to: now))
            last = now
          }
        }
      }
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
