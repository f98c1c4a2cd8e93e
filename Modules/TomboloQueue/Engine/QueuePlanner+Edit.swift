import TomboloPorts
import TomboloStorage

extension QueuePlanner {
  /// By hand: another payload for an operation that waits for a person.
  mutating func edit(_ id: OperationID, payload: [UInt8], version: Int?) throws {
    let (stored, progress) = try waitingOperation(id)
    guard progress?.held != nil else {
      throw QueueError(
        .wrongState, "operation \(id) is neither parked nor dead-lettered: only what waits for a person can be edited")
    }
    guard !stored.operation.kind.isEmpty else {
      throw QueueError(.wrongState, "operation \(id) cannot be read, so it can only be discarded")
    }
    var operation = NewOperation(stored)
    operation.payload = payload
    operation.version = version ?? operation.version
    counts.byteCount += payload.count - stored.operation.payload.count
    view.put(
      QueueLayout.operation(id),
      OperationRecord.encode(
        operation, enqueuedAt: stored.operation.enqueuedAt, after: stored.operation.after))
  }
}
