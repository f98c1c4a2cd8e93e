import TomboloPorts
import TomboloStorage

extension QueuePlanner {
  /// Other bytes for operations that wait, whatever they wait for, and a caller's own changes with them.
  mutating func rewrite(
    _ ids: [OperationID], alongside companion: Batch, _ rewrite: ([UInt8]) -> [UInt8]
  ) throws {
    for id in ids { expect(id) }
    guard view.isComplete else { throw PlanView.Unread() }
    for id in ids {
      // One that cannot be read is parked when it is taken, and has nothing that could be rewritten.
      guard let stored = try readable({ try $0.operation(id) }) else { continue }
      guard try !isUnderWay(id) else {
        throw QueueError(.delivering, "operation \(id) is being delivered right now: try again when that has ended")
      }
      var operation = NewOperation(stored)
      operation.payload = rewrite(operation.payload)
      operation.base = operation.base.map(rewrite)
      guard operation.payload != stored.operation.payload || operation.base != stored.operation.base else { continue }
      let record = OperationRecord.encode(
        operation, enqueuedAt: stored.operation.enqueuedAt, after: stored.operation.after)
      try requireStorable(record, kind: operation.kind)
      counts.byteCount += operation.keptByteCount - stored.operation.keptByteCount
      try part(stored)
      view.put(QueueLayout.operation(id), record)
      if stored.single != nil { effects.append(.ready(.normal, id)) }
    }
    try view.join(companion)
  }
}
