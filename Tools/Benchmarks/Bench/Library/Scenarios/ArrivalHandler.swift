import Synchronization
import TomboloPorts

/// Accepts everything, and notes when the first of those that are awaited was handed over, and when the last.
final class ArrivalHandler: OperationHandler {
  struct Arrival: Sendable {
    var first, last: ContinuousClock.Instant
  }

  private struct State {
    var missingCount = 0
    var first: ContinuousClock.Instant?
  }

  let upstream = "bench"
  private let state = Mutex(State())
  private let arrivals: AsyncStream<Arrival>
  private let continuation: AsyncStream<Arrival>.Continuation

  init() { (arrivals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  /// What is handed over from now on is awaited.
  func await(_ count: Int) {
    state.withLock { $0 = State(missingCount: count) }
  }

  /// Returns once all that are awaited were handed over; throws when the task is cancelled, as it is when the worker has failed.
  func arrival() async throws -> Arrival {
    for await arrival in arrivals { return arrival }
    throw CancellationError()
  }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async -> DeliveryOutcome {
    let now = ContinuousClock().now
    let arrival = state.withLock { state -> Arrival? in
      let first = state.first ?? now
      state.first = first
      state.missingCount -= 1
      return state.missingCount == 0 ? Arrival(first: first, last: now) : nil
    }
    if let arrival { continuation.yield(arrival) }
    return .delivered
  }
}
