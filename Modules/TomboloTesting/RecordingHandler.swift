import Synchronization
public import TomboloPorts

/// A handler that notes what it was called with and answers as it is told.
///
///     let handler = RecordingHandler { operation, attempt in attempt.number < 3 ? .retry(after: nil, failure) : .delivered }
public final class RecordingHandler: OperationHandler {
  /// One call.
  public struct Call: Hashable, Sendable {
    public var operation: SyncOperation
    public var attempt: DeliveryAttempt
  }

  public typealias Answer = @Sendable (SyncOperation, DeliveryAttempt) async throws -> DeliveryOutcome

  private struct State {
    var calls: [Call] = []
    var answer: Answer
    var underWay: Set<OperationID> = []
    var underWayMaximum = 0
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  public let upstream: String
  private let state: Mutex<State>

  public init(upstream: String = "recording", answer: @escaping Answer = { _, _ in .delivered }) {
    self.upstream = upstream
    state = Mutex(State(answer: answer))
  }

  /// In the order they began.
  public var calls: [Call] { state.withLock { $0.calls } }

  /// The most calls that were under way at once.
  public var underWayMaximum: Int { state.withLock { $0.underWayMaximum } }

  /// Answers differently from now on.
  public func setAnswer(_ answer: @escaping Answer) {
    state.withLock { $0.answer = answer }
  }

  public func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let (answer, ready) = state.withLock { state -> (Answer, [CheckedContinuation<Void, Never>]) in
      state.calls.append(Call(operation: operation, attempt: attempt))
      state.underWay.insert(operation.id)
      state.underWayMaximum = max(state.underWayMaximum, state.underWay.count)
      let ready = state.watchers.filter { $0.count <= state.calls.count }.map(\.continuation)
      state.watchers.removeAll { $0.count <= state.calls.count }
      return (state.answer, ready)
    }
    for continuation in ready { continuation.resume() }
    defer { state.withLock { _ = $0.underWay.remove(operation.id) } }
    return try await answer(operation, attempt)
  }

  /// Returns once it was called at least `count` times.
  public func waitForCalls(_ count: Int) async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isReady = state.withLock { state in
        if state.calls.count >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isReady { continuation.resume() }
    }
  }
}
