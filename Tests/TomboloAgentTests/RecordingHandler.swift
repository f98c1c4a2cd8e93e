import Synchronization
import TomboloPorts

/// Remembers what it is given to deliver, and answers as it is told.
final class RecordingHandler: OperationHandler {
  let upstream = "recording"
  let delivered: AsyncStream<SyncOperation>
  private let arrivals: AsyncStream<SyncOperation>.Continuation
  private let answer: @Sendable (SyncOperation) async throws -> DeliveryOutcome

  init(_ answer: @escaping @Sendable (SyncOperation) async throws -> DeliveryOutcome = { _ in .delivered }) {
    self.answer = answer
    (delivered, arrivals) = AsyncStream.makeStream(of: SyncOperation.self)
  }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    arrivals.yield(operation)
    return try await answer(operation)
  }
}
