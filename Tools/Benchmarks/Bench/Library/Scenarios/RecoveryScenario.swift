import Histogram
import Logging
import TomboloNetwork
import TomboloPorts
import TomboloQueue

/// How long it takes from the change of the network's status until the handler is called, and until it is called for the thousandth
/// time, with critical operations waiting.
struct RecoveryScenario {
  func measure(_ name: String, _ rounds: Rounds) async throws -> BenchmarkResult {
    let settings = rounds.settings
    return try await settings.withFolder { folder in
      let store = try await rounds.engine.store(in: "\(folder)/store")
      var configuration = QueueConfiguration()
      configuration.concurrency = 64
      let queue = try await SyncQueue.open(store: store, configuration: configuration)
      let monitor = NetworkMonitor(logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
      let handler = ArrivalHandler()
      let worker = SyncWorker(queue: queue, handler: handler, network: monitor)
      let recovery = Recovery(queue: queue, monitor: monitor, handler: handler, payload: settings.payload)
      let result = try await withThrowingTaskGroup(of: BenchmarkResult?.self) { group in
        group.addTask {
          try await worker.run()
          return nil
        }
        group.addTask {
          // The first changes do not count.
          _ = try await recovery.changes(settings.count(10), waitingCount: 1)
          // Each round gives two hundred changes with one operation waiting, so that of five rounds ten lie above the 99th percentile,
          // and six with a thousand.
          let single = try await recovery.changes(settings.count(200) * settings.roundCount, waitingCount: 1)
          let manyCount = settings.count(1_000)
          let many = try await recovery.changes(settings.count(6) * settings.roundCount, waitingCount: manyCount)
          return Self.result(name, rounds.engine, single, many, manyCount)
        }
        // The first end is that of the measuring, or the worker has failed.
        while let ended = try await group.next() {
          guard let ended else { continue }
          worker.stop()
          try await group.waitForAll()
          return ended
        }
        throw BenchmarkError("the worker ended before it was told to")
      }
      try await store.close()
      return result
    }
  }

  private static func result(
    _ name: String, _ engine: BenchmarkEngine, _ single: Recovery.Times, _ many: Recovery.Times,
    _ manyCount: Int
  ) -> BenchmarkResult {
    func milliseconds(_ histogram: Histogram<UInt64>, _ percentile: Double) -> Double {
      Double(histogram.valueAtPercentile(percentile)) / 1e6
    }
    return BenchmarkResult(
      scenario: name, engine: engine.rawValue, processorMicroseconds: single.processorMicroseconds,
      latencies: BenchmarkResult.Latencies(single.first),
      figures: [
        FigureName.firstMedianMilliseconds: milliseconds(single.first, 50),
        FigureName.firstP99Milliseconds: milliseconds(single.first, 99),
        "ms to the first of \(manyCount) deliveries, median": milliseconds(many.first, 50),
        "ms to the last of \(manyCount) deliveries, median": milliseconds(many.last, 50),
        "ms to the last of \(manyCount) deliveries, p99": milliseconds(many.last, 99),
        "status changes measured": Double(single.first.totalCount),
      ])
  }
}

/// A queue whose network goes and comes.
private struct Recovery {
  struct Times {
    var first = Meter.histogram()
    var last = Meter.histogram()
    /// For each change, until the last was handed over.
    var processorMicroseconds = 0.0
  }

  var queue: SyncQueue
  var monitor: NetworkMonitor
  var handler: ArrivalHandler
  var payload: [UInt8]

  func changes(_ count: Int, waitingCount: Int) async throws -> Times {
    var times = Times()
    var processorSeconds = 0.0
    let clock = ContinuousClock()
    for _ in 0..<count {
      monitor.setOverride(.offline)
      _ = try await queue.enqueue(
        (0..<waitingCount).map { _ in NewOperation(kind: "bench", payload: payload, priority: .critical) })
      handler.await(waitingCount)
      // Long enough that the worker has gone to sleep: what is measured is a wake-up.
      try await Task.sleep(for: .milliseconds(3))
      let used = Meter.processorSeconds
      let changed = clock.now
      monitor.setOverride(.online)
      let arrival = try await handler.arrival()
      processorSeconds += Meter.processorSeconds - used
      times.first.record(UInt64(max(0, changed.duration(to: arrival.first) / .nanoseconds(1))))
      times.last.record(UInt64(max(0, changed.duration(to: arrival.last) / .nanoseconds(1))))
      while try await queue.status().waiting > 0 { try await Task.sleep(for: .milliseconds(1)) }
    }
    times.processorMicroseconds = processorSeconds / Double(count) * 1e6
    return times
  }
}
