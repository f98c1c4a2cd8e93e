import TomboloPorts
import TomboloStorage

extension QueuePlanner {
  mutating func add(_ prepared: PreparedOperation) throws -> EnqueueReceipt {
    expectKeys(of: prepared.operation)
    var awaited: Set<OperationID> = []
    for case .operation(let id) in prepared.operation.after {
      expect(id)
      awaited.insert(id)
    }
    guard view.isComplete else { throw PlanView.Unread() }
    return try enqueue(prepared, behind: [], keeping: awaited)
  }

  /// What most are: nothing has to be read for it, and nothing to make way. `nil` when it is not such a one.
  mutating func addPlain(_ prepared: PreparedOperation) throws -> EnqueueReceipt? {
    guard prepared.isPlain, !isShared, hasRoom(for: prepared.keptByteCount) else { return nil }
    try requireStorable(prepared.record, kind: prepared.operation.kind)
    let id = identifiers.next()
    view.append(.put(QueueLayout.single(id), prepared.record))
    effects.append(.readySingle(id, prepared.record))
    counts.byteCount += prepared.keptByteCount
    counts.move(from: nil, to: .pending)
    tell(id, kind: prepared.operation.kind, .enqueued)
    return EnqueueReceipt(id: id, state: .pending, disposition: .added)
  }

  mutating func enqueue(_ operations: [PreparedOperation], alongside companion: Batch) throws -> [EnqueueReceipt] {
    // What an operation of this batch waits for is not to make way for it, nor for one that comes before it.
    var awaited: Set<OperationID> = []
    var awaitedPositions: Set<Int> = []
    // Ask for everything first, so that it is read in one call.
    for prepared in operations {
      expectKeys(of: prepared.operation)
      for reference in prepared.operation.after {
        switch reference {
        case .operation(let id):
          expect(id)
          awaited.insert(id)
        case .inBatch(let position): awaitedPositions.insert(position)
        }
      }
    }
    guard view.isComplete else { throw PlanView.Unread() }
    var receipts: [EnqueueReceipt] = []
    receipts.reserveCapacity(operations.count)
    for (position, prepared) in operations.enumerated() {
      let receipt = try enqueue(prepared, behind: receipts, keeping: awaited)
      receipts.append(receipt)
      if awaitedPositions.contains(position) { awaited.insert(receipt.id) }
    }
    try view.join(companion)
    return receipts
  }

  /// Notes what will be needed of the keys of an operation.
  private mutating func expectKeys(of operation: NewOperation) {
    if let name = operation.scopedIdempotencyKey { view.expect(QueueLayout.idempotency(name)) }
    if let name = operation.scopedCoalescingKey { view.expect(QueueLayout.coalescing(name)) }
    if let key = operation.lineKey { view.expect(QueueLayout.orderingKey(key)) }
  }

  private mutating func enqueue(
    _ prepared: PreparedOperation, behind earlier: [EnqueueReceipt], keeping awaited: Set<OperationID>
  ) throws -> EnqueueReceipt {
    if let receipt = try addPlain(prepared) { return receipt }
    if let name = prepared.operation.scopedIdempotencyKey, let known = try view.get(QueueLayout.idempotency(name)) {
      let record = try IdempotencyRecord(known)
      return EnqueueReceipt(id: record.id, state: record.end ?? .pending, disposition: .repeated)
    }
    // Most are like this, and what follows moves whole operations about.
    if prepared.operation.coalescingKey == nil, prepared.operation.after.isEmpty {
      try requireStorable(prepared.record, kind: prepared.operation.kind)
      return try add(prepared, behind: [], .added, replacing: nil, keeping: awaited)
    }
    let after = try resolve(prepared.operation.after, behind: earlier)
    var (disposition, replaced) = (EnqueueReceipt.Disposition.added, SyncOperation?.none)
    var changed: NewOperation?
    if prepared.operation.coalescingKey != nil {
      var operation = prepared.operation
      switch try unify(&operation, keeping: awaited) {
      case .add(let other): if let other { disposition = .appended(other) }
      case .keep(let id): return EnqueueReceipt(id: id, state: .pending, disposition: .kept)
      case .replace(let waiting): (disposition, replaced) = (.replaced(waiting.id), waiting)
      case .merge(let waiting): (disposition, replaced) = (.merged(waiting.id), waiting)
      }
      if operation != prepared.operation { changed = operation }
    }
    let prepared =
      after.isEmpty && changed == nil
      ? prepared : prepared.replacing(operation: changed ?? prepared.operation, after: after)
    // What it was made of may be longer than what was measured when it came.
    try requireStorable(prepared.record, kind: prepared.operation.kind)
    return try add(prepared, behind: after, disposition, replacing: replaced, keeping: awaited)
  }

  private mutating func add(
    _ prepared: PreparedOperation, behind after: [OperationID], _ disposition: EnqueueReceipt.Disposition,
    replacing replaced: SyncOperation?, keeping awaited: Set<OperationID>
  ) throws -> EnqueueReceipt {
    let operation = prepared.operation
    let victims = try makeRoom(for: operation, keeping: awaited)
    let id = identifiers.next()
    if isShared { counts.newestID = max(id, counts.newestID ?? id) }
    let isSingle = canBeSingle(prepared)
    view.append(.put(isSingle ? QueueLayout.single(id) : QueueLayout.operation(id), prepared.record))
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
    counts.byteCount += prepared.keptByteCount
    var state = OperationState.pending
    if isSingle {
      effects.append(.readySingle(id, prepared.record))
    } else {
      let hasDependencies = try depend(id, operation, on: after)
      state = try standInLine(
        id, operation.lineKey,
        LineRecord(
          priority: operation.priority, notBefore: operation.notBefore, hasDependencies: hasDependencies))
    }
    counts.move(from: nil, to: state)
    tell(id, kind: operation.kind, .enqueued)
    return EnqueueReceipt(id: id, state: state, disposition: disposition, dropped: victims.map(\.id))
  }
}

extension NewOperation {
  /// What it counts towards `QueueConfiguration.bytesMaximum`.
  var keptByteCount: Int { payload.count + (base?.count ?? 0) }
  var lineKey: OrderingKey? {
    OrderingKey(orderingKey: orderingKey, coalescingKey: coalescingKey, namespace: namespace)
  }
  var scopedCoalescingKey: String? { coalescingKey.map { QueueLayout.name($0, in: namespace) } }
  var scopedIdempotencyKey: String? { idempotencyKey.map { QueueLayout.name($0, in: namespace) } }
}

extension SyncOperation {
  /// What it counts towards `QueueConfiguration.bytesMaximum`.
  var keptByteCount: Int { payload.count + (base?.count ?? 0) }
}
