import TomboloPorts
import TomboloStorage

extension QueuePlanner {
  mutating func enqueue(_ operations: [PreparedOperation], alongside companion: Batch) throws -> [EnqueueReceipt] {
    // Ask for everything first, so that it is read in one call.
    for prepared in operations {
      if let name = prepared.operation.idempotencyKey { view.expect(QueueLayout.idempotency(name)) }
      if let name = prepared.operation.coalescingKey { view.expect(QueueLayout.coalescing(name)) }
      if let key = orderingKey(of: prepared.operation) { view.expect(QueueLayout.orderingKey(key)) }
    }
    guard view.isComplete else { throw PlanView.Unread() }
    let receipts = try operations.map { try enqueue($0) }
    try view.join(companion)
    return receipts
  }

  private mutating func enqueue(_ prepared: PreparedOperation) throws -> EnqueueReceipt {
    let operation = prepared.operation
    if let name = operation.idempotencyKey, let known = try view.get(QueueLayout.idempotency(name)) {
      let record = try IdempotencyRecord(known)
      return EnqueueReceipt(id: record.id, state: record.end ?? .pending, disposition: .repeated)
    }
    let replaced = try supersede(operation.coalescingKey)
    try requireRoom(for: operation)

    let id = identifiers.next()
    view.put(QueueLayout.operation(id), prepared.record)
    if let name = operation.idempotencyKey {
      view.put(QueueLayout.idempotency(name), IdempotencyRecord(id: id, end: nil).encoded())
    }
    if let name = operation.coalescingKey {
      view.put(QueueLayout.coalescing(name), id.bytes)
      if let replaced { tell(replaced.id, kind: replaced.kind, .superseded(by: id)) }
    }
    counts.byteCount += operation.payload.count
    let state = try standInLine(
      id, orderingKey(of: operation), priority: operation.priority, notBefore: operation.notBefore)
    counts.move(from: nil, to: state)
    tell(id, kind: operation.kind, .enqueued)
    return EnqueueReceipt(id: id, state: state, disposition: replaced.map { .replaced($0.id) } ?? .added)
  }

  func orderingKey(of operation: NewOperation) -> OrderingKey? {
    OrderingKey(orderingKey: operation.orderingKey, coalescingKey: operation.coalescingKey)
  }

  /// Takes away the waiting operation with this coalescing key; one that is being delivered, or held for a person, stays.
  private mutating func supersede(_ coalescingKey: String?) throws -> SyncOperation? {
    guard let coalescingKey, let bytes = try view.get(QueueLayout.coalescing(coalescingKey)),
      let id = QueueLayout.trailingID(Key(bytes)), inFlight[id] == nil
    else { return nil }
    view.expect(QueueLayout.operation(id))
    view.expect(QueueLayout.progress(id))
    guard view.isComplete else { throw PlanView.Unread() }
    let progress = try progress(id)
    guard progress?.held == nil, let stored = try operation(id) else { return nil }
    try remove(stored, progress: progress, end: .superseded)
    return stored.operation
  }

  private func requireRoom(for operation: NewOperation) throws {
    guard counts.stored < configuration.operationsMaximum else {
      throw QueueError(
        .full,
        "the queue holds \(counts.stored) operations, which is its limit (queue.operationsMaximum): "
          + "wait until some are delivered, settle dead ones, or raise the limit")
    }
    guard counts.byteCount + operation.payload.count <= configuration.bytesMaximum else {
      throw QueueError(
        .full,
        "the queue holds \(counts.byteCount) bytes of payload, and \(operation.payload.count) more would exceed its "
          + "limit of \(configuration.bytesMaximum) (queue.bytesMaximum): wait, settle dead ones, or raise the limit")
    }
  }
}
