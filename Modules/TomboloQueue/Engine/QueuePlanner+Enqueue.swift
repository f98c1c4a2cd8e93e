import TomboloPorts
import TomboloStorage

extension QueuePlanner {
  mutating func enqueue(_ operations: [PreparedOperation], alongside companion: Batch) throws -> [EnqueueReceipt] {
    // Ask for everything first, so that it is read in one call.
    for prepared in operations {
      let operation = prepared.operation
      if let name = operation.scopedIdempotencyKey { view.expect(QueueLayout.idempotency(name)) }
      if let name = operation.scopedCoalescingKey { view.expect(QueueLayout.coalescing(name)) }
      if let key = operation.lineKey { view.expect(QueueLayout.orderingKey(key)) }
      for case .operation(let id) in operation.after { view.expect(QueueLayout.operation(id)) }
    }
    guard view.isComplete else { throw PlanView.Unread() }
    var receipts: [EnqueueReceipt] = []
    for prepared in operations { receipts.append(try enqueue(prepared, behind: receipts)) }
    try view.join(companion)
    return receipts
  }

  private mutating func enqueue(
    _ prepared: PreparedOperation, behind earlier: [EnqueueReceipt]
  ) throws -> EnqueueReceipt {
    var operation = prepared.operation
    if let name = operation.scopedIdempotencyKey, let known = try view.get(QueueLayout.idempotency(name)) {
      let record = try IdempotencyRecord(known)
      return EnqueueReceipt(id: record.id, state: record.end ?? .pending, disposition: .repeated)
    }
    let after = try resolve(operation, behind: earlier)
    var (disposition, replaced) = (EnqueueReceipt.Disposition.added, SyncOperation?.none)
    switch try unify(&operation) {
    case .add(let other): if let other { disposition = .appended(other) }
    case .keep(let id): return EnqueueReceipt(id: id, state: .pending, disposition: .kept)
    case .replace(let waiting): (disposition, replaced) = (.replaced(waiting.id), waiting)
    case .merge(let waiting): (disposition, replaced) = (.merged(waiting.id), waiting)
    }
    let victims = try makeRoom(for: operation)

    let id = identifiers.next()
    if isShared { counts.newestID = max(id, counts.newestID ?? id) }
    let isPrepared = after.isEmpty && operation == prepared.operation
    view.put(
      QueueLayout.operation(id),
      isPrepared
        ? prepared.record : OperationRecord.encode(operation, enqueuedAt: prepared.enqueuedAt, after: after))
    if let name = operation.scopedIdempotencyKey {
      view.put(QueueLayout.idempotency(name), IdempotencyRecord(id: id, end: nil).encoded())
    }
    if let name = operation.scopedCoalescingKey {
      view.put(QueueLayout.coalescing(name), id.bytes)
      if let replaced {
        tell(replaced.id, kind: replaced.kind, .superseded(by: id))
        try amendHistory(of: replaced.id) { $0.supersededBy = id }
      }
    }
    try tell(victims, madeRoomFor: id)
    counts.byteCount += operation.payload.count
    let hasDependencies = try depend(id, operation, on: after)
    let state = try standInLine(
      id, operation.lineKey,
      LineRecord(
        priority: operation.priority, notBefore: operation.notBefore, hasDependencies: hasDependencies))
    counts.move(from: nil, to: state)
    tell(id, kind: operation.kind, .enqueued)
    return EnqueueReceipt(id: id, state: state, disposition: disposition, dropped: victims.map(\.id))
  }
}

extension NewOperation {
  var lineKey: OrderingKey? {
    OrderingKey(orderingKey: orderingKey, coalescingKey: coalescingKey, namespace: namespace)
  }
  var scopedCoalescingKey: String? { coalescingKey.map { QueueLayout.name($0, in: namespace) } }
  var scopedIdempotencyKey: String? { idempotencyKey.map { QueueLayout.name($0, in: namespace) } }
}
