import Histogram
import Logging
import TomboloNetwork
import TomboloPorts
import TomboloQueue

/// What a reconnecting device does: 10,000 operations over 500 ordering keys, stored while it was offline; then it is online, and they
/// are delivered to an upstream that takes 2 ms for an answer, refuses one operation in a hundred for good, and throttles one attempt
/// in twenty. The floor is an upstream that is always asked by 64 at once, and by each operation only once.
struct DrainScenario {
  private static let concurrency = 64

  private struct Drain {
    var reading: Meter.Reading
    var latencies: Histogram<UInt64>
    var firstMilliseconds, peakRate, repeatCount, underWayMean: Double
  }

  func measure(_ name: String, _ rounds: Rounds) async throws -> BenchmarkResult {
    let count = rounds.settings.count(10_000)
    var drains: [Drain] = []
    var histogram = Meter.histogram()
    // The first one does not count.
    for round in 0...rounds.settings.roundCount {
      let drain = try await rounds.settings.withFolder { try await self.drain(count, in: $0, rounds) }
      if round > 0 {
        drains.append(drain)
        histogram.add(drain.latencies)
      }
    }
    let floorRate = Double(Self.concurrency) / (StrictUpstream.latency / .seconds(1))
    let ratios = drains.map { $0.reading.rate / floorRate }
    let rate = Meter.median(drains.map(\.reading.rate))
    return BenchmarkResult(
      scenario: name, engine: rounds.engine.rawValue, ratio: Meter.median(ratios), ratios: ratios, rate: rate,
      floorRate: floorRate, processorMicroseconds: Meter.median(drains.map(\.reading.processorMicroseconds)),
      latencies: BenchmarkResult.Latencies(histogram),
      figures: [
        "seconds until all are settled": Double(count) / rate,
        "ms until the first request": Meter.median(drains.map(\.firstMilliseconds)),
        "requests in the busiest second": Meter.median(drains.map(\.peakRate)),
        "requests under way, mean": Meter.median(drains.map(\.underWayMean)),
        "repeated attempts": Meter.median(drains.map(\.repeatCount)),
      ])
  }

  private func drain(_ count: Int, in folder: String, _ rounds: Rounds) async throws -> Drain {
    let store = try await rounds.engine.store(in: "\(folder)/store")
    let queue = try await SyncQueue.open(store: store, configuration: .bench)
    let times = SettleTimes(from: .claimed)
    queue.add(times)
    let monitor = NetworkMonitor(logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    monitor.setOverride(.offline)
    let payload = rounds.settings.payload
    for start in stride(from: 0, to: count, by: 500) {
      _ = try await queue.enqueue(
        (start..<min(count, start + 500)).map {
          NewOperation(kind: "bench", payload: payload, orderingKey: "key/\($0 % 500)")
        })
    }
    let upstream = StrictUpstream(settledCount: count)
    let worker = SyncWorker(queue: queue, handler: upstream, network: monitor)
    upstream.whenDone { worker.stop() }
    let clock = ContinuousClock()
    var online = clock.now
    let reading = try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await worker.run() }
      // Long enough that the worker has found the network gone and sleeps.
      try await Task.sleep(for: .milliseconds(20))
      return try await Meter.measure(count) {
        online = clock.now
        monitor.setOverride(.online)
        try await group.waitForAll()
      }
    }
    let status = try await queue.status()
    guard status.deadLettered == status.stored, worker.summary.delivered + status.deadLettered == count else {
      throw BenchmarkError("\(worker.summary.delivered) of \(count) were delivered, \(status.stored) are left")
    }
    try await store.close()
    let requests = upstream.requests
    return Drain(
      reading: reading, latencies: times.histogram,
      firstMilliseconds: requests.first.map { online.duration(to: $0) / .milliseconds(1) } ?? .nan,
      peakRate: Double(StrictUpstream.peak(requests)), repeatCount: Double(requests.count - count),
      underWayMean: upstream.duration / .seconds(1) * reading.rate / Double(count))
  }
}
