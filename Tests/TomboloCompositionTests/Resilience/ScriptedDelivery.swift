import Synchronization
import TomboloPorts

/// Answers from a list, then the last of it for ever; counts its calls.
final class ScriptedDelivery: OperationHandler, Closable {
  let upstream = "test"
  private let state: Mutex<(answers: [DeliveryOutcome], calls: Int, isClosed: Bool)>
  private let onCall: @Sendable () async throws -> Void

  /// - Parameter onCall: runs before each answer, or instead of it when it throws.
  init(_ answers: [DeliveryOutcome], onCall: @escaping @Sendable () async throws -> Void = {}) {
    state = Mutex((answers, 0, false))
    self.onCall = onCall
  }

  var calls: Int { state.withLock { $0.calls } }
  var isClosed: Bool { state.withLock { $0.isClosed } }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let answer = state.withLock { state in
      state.calls += 1
      return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
    }
    try await onCall()
    return answer
  }

  func close() async throws { state.withLock { $0.isClosed = true } }
}
