import Synchronization
import TomboloPorts
import TomboloQueue

/// What a reconnecting device does: 10,000 operations over 500 ordering keys, stored while it was offline, and then delivered to an
/// upstream that takes 2 ms for an answer, refuses one operation in a hundred for good, and throttles one attempt in twenty.
struct DrainScenario {
  private static let concurrency = 64

  func measure(_ name: String, _ rounds: Rounds) async throws -> BenchmarkResult {
    let count = rounds.settings.count(10_000)
    var (readings, peaks, repeats) = ([Meter.Reading](), [Double](), [Double]())
    for _ in 0..<rounds.settings.roundCount {
      try await rounds.settings.withFolder { folder in
        let store = try await rounds.engine.store(in: "\(folder)/store")
        var configuration = QueueConfiguration()
        configuration.concurrency = Self.concurrency
        let queue = try await SyncQueue.open(store: store, configuration: configuration)
        let payload = rounds.settings.payload
        for start in stride(from: 0, to: count, by: 500) {
          _ = try await queue.enqueue(
            (start..<min(count, start + 500)).map {
              NewOperation(kind: "bench", payload: payload, orderingKey: "key/\($0 % 500)")
            })
        }
        let upstream = StrictUpstream(settledCount: count)
        let worker = SyncWorker(queue: queue, handler: upstream)
        upstream.whenDone { worker.stop() }
        readings.append(try await Meter.measure(count) { try await worker.run() })
        let status = try await queue.status()
        guard status.deadLettered == status.stored, worker.summary.delivered + status.deadLettered == count else {
          throw BenchmarkError("\(worker.summary.delivered) of \(count) were delivered, \(status.stored) are left")
        }
        peaks.append(Double(upstream.peakRate))
        repeats.append(Double(worker.summary.attempted - count))
        try await store.close()
      }
    }
    let rate = Meter.median(readings.map(\.rate))
    return BenchmarkResult(
      scenario: name, engine: rounds.engine.rawValue, rate: rate,
      processorMicroseconds: Meter.median(readings.map(\.processorMicroseconds)),
      figures: [
        "seconds until all are settled": Double(count) / rate, "requests in the busiest second": Meter.median(peaks),
        "repeated attempts": Meter.median(repeats),
      ])
  }
}

/// Answers after 2 ms, refuses one operation in a hundred and throttles one attempt in twenty, the same in every run.
private final class StrictUpstream: OperationHandler {
  private struct State {
    var random: UInt64 = 0x9E37_79B9_7F4A_7C15
    var settledCount = 0
    var perSecond: [Int: Int] = [:]
    var done: @Sendable () -> Void = {}
  }

  let upstream = "bench"
  private let settledCount: Int
  private let began = ContinuousClock().now
  private let state = Mutex(State())

  init(settledCount: Int) { self.settledCount = settledCount }

  var peakRate: Int { state.withLock { $0.perSecond.values.max() ?? 0 } }

  func whenDone(_ done: @escaping @Sendable () -> Void) { state.withLock { $0.done = done } }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    try await Task.sleep(for: .milliseconds(2))
    // The identifier's last bits are as good as drawn at random, and the same at each attempt.
    if operation.id.low % 100 == 0 { return settled(.reject(DeliveryFailure(.refused, "not in this form"))) }
    let isThrottled = state.withLock { state in
      // xorshift64 (Marsaglia, "Xorshift RNGs", 2003).
      state.random ^= state.random << 13
      state.random ^= state.random >> 7
      state.random ^= state.random << 17
      return state.random % 20 == 0
    }
    if isThrottled { return counted(.retry(after: nil, DeliveryFailure(.throttled, "slower, please"))) }
    return settled(.delivered)
  }

  private func counted(_ outcome: DeliveryOutcome) -> DeliveryOutcome {
    let second = Int(began.duration(to: ContinuousClock().now).components.seconds)
    state.withLock { $0.perSecond[second, default: 0] += 1 }
    return outcome
  }

  private func settled(_ outcome: DeliveryOutcome) -> DeliveryOutcome {
    let done = state.withLock { state -> (@Sendable () -> Void)? in
      state.settledCount += 1
      return state.settledCount == settledCount ? state.done : nil
    }
    done?()
    return counted(outcome)
  }
}
