import Synchronization
import TomboloPorts

/// Answers after 2 ms, refuses one operation in a hundred and throttles one attempt in twenty.
final class StrictUpstream: OperationHandler {
  private struct State {
    var random: UInt64 = 0x9E37_79B9_7F4A_7C15
    var settledCount = 0
    /// When each request began.
    var requests: [ContinuousClock.Instant] = []
    /// How long all of them took together.
    var duration = Duration.zero
    var done: @Sendable () -> Void = {}
  }

  static let latency = Duration.milliseconds(2)

  let upstream = "bench"
  private let settledCount: Int
  private let state = Mutex(State())

  /// - Parameter settledCount: After so many that were delivered or refused it says that it is done.
  init(settledCount: Int) { self.settledCount = settledCount }

  /// When each request began, in order.
  var requests: [ContinuousClock.Instant] { state.withLock { $0.requests } }

  /// How long all requests took together.
  var duration: Duration { state.withLock { $0.duration } }

  /// The most requests that began within one second, wherever that second begins.
  static func peak(_ requests: [ContinuousClock.Instant]) -> Int {
    var (most, oldest) = (0, 0)
    for (index, request) in requests.enumerated() {
      while requests[oldest].duration(to: request) >= .seconds(1) { oldest += 1 }
      most = max(most, index - oldest + 1)
    }
    return most
  }

  func whenDone(_ done: @escaping @Sendable () -> Void) { state.withLock { $0.done = done } }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let clock = ContinuousClock()
    let began = clock.now
    state.withLock { $0.requests.append(began) }
    try await Task.sleep(for: Self.latency)
    state.withLock { $0.duration += began.duration(to: clock.now) }
    // The identifier's last bits are as good as drawn at random, and the same at each attempt.
    if operation.id.low % 100 == 0 { return settled(.reject(DeliveryFailure(.refused, "not in this form"))) }
    let isThrottled = state.withLock { state in
      // xorshift64 (Marsaglia, "Xorshift RNGs", 2003).
      state.random ^= state.random << 13
      state.random ^= state.random >> 7
      state.random ^= state.random << 17
      return state.random % 20 == 0
    }
    if isThrottled { return .retry(after: nil, DeliveryFailure(.throttled, "slower, please")) }
    return settled(.delivered)
  }

  private func settled(_ outcome: DeliveryOutcome) -> DeliveryOutcome {
    let done = state.withLock { state -> (@Sendable () -> Void)? in
      state.settledCount += 1
      return state.settledCount == settledCount ? state.done : nil
    }
    done?()
    return outcome
  }
}
