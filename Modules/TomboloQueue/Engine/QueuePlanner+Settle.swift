import TomboloPorts
import TomboloStorage

extension QueuePlanner {
  mutating func settle(_ claimed: ClaimedOperation, _ settlement: Settlement) throws {
    if case .delivered = settlement, removePlain(claimed) { return }
    let stored = claimed.stored
    let operation = stored.operation
    let id = claimed.id
    let orderingKey = claimed.orderingKey
    let wait = WaitRecord(priority: operation.priority, orderingKey: orderingKey, isRetrying: false)
    // Of an operation with an ordering key, the line's record knows the place better.
    let ownPlace = try endLease(of: claimed)
    var progress = claimed.progress ?? ProgressRecord()
    progress.dueAt = nil
    if !settlement.isEnd { try part(stored) }

    switch settlement {
    case .delivered(let attempt):
      try remove(stored, progress: claimed.progress, end: .delivered, from: ownPlace, attemptCount: attempt)
    case .discard(let reason):
      try remove(stored, progress: claimed.progress, end: .discarded, from: ownPlace, reason: reason)
    case .expire: try remove(stored, progress: claimed.progress, end: .expired, from: ownPlace)

    case .retry(let failure, let due):
      progress.attemptCount += 1
      note(failure, &progress)
      try putOff(claimed, from: ownPlace, until: due, &progress)
    case .snooze(let failure, let due):
      note(failure, &progress)
      try putOff(claimed, from: ownPlace, until: due, &progress)
    case .release(let failure):
      note(failure, &progress)
      try moveHead(id, orderingKey, from: ownPlace, to: .ready(try urgency(of: operation)), wait)
      view.put(QueueLayout.progress(id), progress.encoded())
    case .redeliver(let remote, let payload):
      try redeliver(stored, &progress, replacing: remote, payload: payload)
      try moveHead(id, orderingKey, from: ownPlace, to: .ready(try urgency(of: operation)), wait)
      view.put(QueueLayout.progress(id), progress.encoded())

    case .park(let failure, let attempted):
      if attempted { progress.attemptCount += 1 }
      note(failure, &progress)
      try hold(claimed, &progress, .parked, from: ownPlace)
    case .parkConflict(let failure, let remote):
      progress.attemptCount += 1
      note(failure, &progress)
      progress.conflicting = remote
      counts.byteCount += progress.keptByteCount - (claimed.progress?.keptByteCount ?? 0)
      try hold(claimed, &progress, .parked, from: ownPlace)
    case .deadLetter(let failure):
      progress.attemptCount += 1
      note(failure, &progress)
      try hold(claimed, &progress, .deadLettered, from: ownPlace)
    }
  }

  /// As `remove` does, where its one record is all there is of an operation, and nothing waits for it or remembers it: what most
  /// deliveries come to. Answers whether it is so.
  private mutating func removePlain(_ claimed: ClaimedOperation) -> Bool {
    guard claimed.stored.single != nil, claimed.token == nil, claimed.progress == nil,
      !claimed.stored.hasOwnIdempotencyKey, !shared.keepsHistory, counts.dependencies == 0
    else { return false }
    effects.append(.unready(.normal, claimed.id))
    view.append(.delete(QueueLayout.single(claimed.id)))
    counts.move(from: .pending, to: .delivered)
    takeOff(claimed.operation.keptByteCount)
    return true
  }

  /// Whether a settlement that was tried before is stored: an operation that is being delivered has an entry in the ready
  /// index until it is.
  mutating func isStored(_ settlement: Settlement, of claimed: ClaimedOperation) throws -> Bool {
    let id = claimed.id
    guard try readyPriority(of: claimed) != nil else { return true }
    // Delivered again after a conflict it is ready as before, but for the round that was counted.
    guard case .redeliver = settlement else { return false }
    return try progress(id)?.conflictRoundCount ?? 0 > claimed.progress?.conflictRoundCount ?? 0
  }

  /// On a shared store: whether a settlement that was tried before may be stored, of an operation whose lease is gone. Another
  /// process may have gone on with it meanwhile, so that only traces that stay are looked for.
  mutating func isNoted(_ settlement: Settlement, of claimed: ClaimedOperation) throws -> Bool {
    guard try isThere(claimed.id) else { return true }
    switch settlement {
    case .delivered, .discard, .expire: return false
    case .retry, .redeliver, .park(_, attempted: true), .parkConflict, .deadLetter:
      return try progress(claimed.id)?.attemptCount ?? 0 > claimed.progress?.attemptCount ?? 0
    case .snooze, .release, .park(_, attempted: false): return true
    }
  }

  /// With which priority a claimed operation stands in the ready index; `nil` when it is gone or stands elsewhere.
  mutating func readyPriority(of claimed: ClaimedOperation) throws -> OperationPriority? {
    let id = claimed.id
    guard try isThere(id) else { return nil }
    if try view.get(QueueLayout.single(id)) != nil { return .normal }
    var place = HeadPlace.ready(claimed.readyPriority)
    if let orderingKey = claimed.orderingKey, let line = try line(orderingKey), line.head == id { place = line.place }
    guard case .ready(let priority) = place else { return nil }
    if try view.get(place.key(id)) != nil { return priority }
    // Put back in line, it may have become as urgent as who came to wait for it.
    guard claimed.orderingKey == nil, counts.dependencies > 0 else { return nil }
    let higher = OperationPriority.allCases.filter { $0 < priority }
    for other in higher { view.expect(QueueLayout.ready(other, id)) }
    return try higher.first { try view.get(QueueLayout.ready($0, id)) != nil }
  }

  /// By hand: back in line, due at once, with a fresh count of attempts.
  mutating func redrive(_ id: OperationID) throws {
    let (stored, progress) = try waitingOperation(id)
    guard let progress else { return }
    try redrive(stored, progress)
  }

  mutating func redrive(_ stored: StoredOperation, _ known: ProgressRecord) throws {
    let id = stored.operation.id
    var progress = known
    let place = try self.place(of: stored, progress)
    let orderingKey = OrderingKey(of: stored.operation)
    let oldState = state(of: progress, place)
    let wasHeld = progress.held != nil
    progress.held = nil
    progress.dueAt = nil
    progress.attemptCount = 0
    progress.conflictRoundCount = 0
    takeOff(progress.keptByteCount)
    progress.conflicting = nil

    let priority = stored.operation.priority
    if try isHead(id, orderingKey) {
      let wait = WaitRecord(priority: priority, orderingKey: orderingKey, isRetrying: false)
      try moveHead(id, orderingKey, from: place, to: .ready(try urgency(of: stored.operation)), wait)
      counts.move(from: oldState, to: .pending)
    } else if wasHeld {
      unplace(id, from: place)
      counts.move(
        from: oldState, to: try standInLine(id, orderingKey, LineRecord(priority: priority, notBefore: nil)))
    }
    view.put(QueueLayout.progress(id), progress.encoded())
    tell(id, kind: stored.operation.kind, .redriven)
  }

  /// By hand: gone.
  mutating func discard(_ id: OperationID, reason: String) throws {
    let (stored, progress) = try waitingOperation(id)
    try discard(stored, progress, reason: reason)
  }

  mutating func discard(_ stored: StoredOperation, _ progress: ProgressRecord?, reason: String) throws {
    try remove(stored, progress: progress, end: .discarded, reason: reason)
    tell(stored.operation.id, kind: stored.operation.kind, .discarded(reason: reason))
  }

  /// Takes an operation away for good and lets the next of its ordering key to the head.
  ///
  /// - Parameters:
  ///   - attemptCount: how many attempts it took, when that is more than `progress` knows of.
  ///   - reason: why, for who asks later; the last failure when `nil`.
  mutating func remove(
    _ stored: StoredOperation, progress: ProgressRecord?, end: OperationState, from knownPlace: HeadPlace? = nil,
    attemptCount: Int? = nil, reason: String? = nil
  ) throws {
    let operation = stored.operation
    let id = operation.id
    let orderingKey = OrderingKey(of: operation)
    let oldState: OperationState
    if stored.single != nil {
      oldState = .pending
      effects.append(.unready(.normal, id))
    } else if let knownPlace {
      oldState = .pending
      try leaveLine(id, orderingKey, priority: operation.priority, from: knownPlace)
    } else {
      let place = try self.place(of: stored, progress)
      let isHead = try isHead(id, orderingKey)
      oldState = progress?.held == nil && !isHead ? .blocked : state(of: progress, place)
      if progress?.held != nil, !isHead {
        unplace(id, from: place)
      } else {
        try leaveLine(id, orderingKey, priority: operation.priority, from: place)
      }
    }
    try forgetDependencies(of: operation)
    try releaseDependents(on: id)
    counts.move(from: oldState, to: end)
    takeOff(operation.keptByteCount + (progress?.keptByteCount ?? 0))
    if stored.single != nil {
      // Nothing parts one that is being delivered, so this is all there is of it.
      view.append(.delete(QueueLayout.single(id)))
      // There is none, but what is kept of the operation may have the length that two deletions allow (`Batch.isShrinking`), as of all others.
      if stored.hasOwnIdempotencyKey || shared.keepsHistory {
        view.delete(QueueLayout.operation(id))
      }
    } else {
      view.delete(QueueLayout.operation(id))
    }
    let detail = end == .delivered ? nil : reason ?? progress?.lastFailure?.message
    remember(operation, progress, end: end, attemptCount: attemptCount, detail: detail)
    if progress != nil { view.delete(QueueLayout.progress(id)) }
    if let name = operation.coalescingKey.map({ QueueLayout.name($0, in: operation.namespace) }),
      try view.get(QueueLayout.coalescing(name)) == id.bytes
    {
      view.delete(QueueLayout.coalescing(name))
    }
    if stored.hasOwnIdempotencyKey {
      let name = QueueLayout.name(operation.idempotencyKey, in: operation.namespace)
      view.put(QueueLayout.idempotency(name), IdempotencyRecord(id: id, end: end, detail: detail).encoded())
      let forgetAt = now.advanced(by: configuration.idempotencyRetention)
      view.put(QueueLayout.forgetting(forgetAt, name), [])
      effects.append(.due(forgetAt))
    }
  }

  // MARK: - Parts

  private func note(_ failure: DeliveryFailure, _ progress: inout ProgressRecord) {
    progress.lastFailure = failure
    progress.lastFailureAt = now
  }

  private mutating func putOff(
    _ claimed: ClaimedOperation, from ownPlace: HeadPlace, until due: Timestamp, _ progress: inout ProgressRecord
  ) throws {
    progress.dueAt = due
    let isRetrying = progress.attemptCount > 0
    let priority = try urgency(of: claimed.operation)
    let wait = WaitRecord(priority: priority, orderingKey: claimed.orderingKey, isRetrying: isRetrying)
    try moveHead(claimed.id, claimed.orderingKey, from: ownPlace, to: .retrying(due), wait)
    if isRetrying { counts.move(from: .pending, to: .retrying) }
    view.put(QueueLayout.progress(claimed.id), progress.encoded())
  }

  private mutating func hold(
    _ claimed: ClaimedOperation, _ progress: inout ProgressRecord, _ disposition: HeldDisposition,
    from ownPlace: HeadPlace
  ) throws {
    let (id, priority) = (claimed.id, claimed.operation.priority)
    let wait = WaitRecord(priority: priority, orderingKey: claimed.orderingKey, isRetrying: false)
    progress.held = disposition
    // What cannot be read cannot be found again by its ordering key, so it never holds the key up.
    if configuration.onPermanentFailure == .block, claimed.unreadable == nil {
      try moveHead(id, claimed.orderingKey, from: ownPlace, to: .held(disposition), wait)
    } else {
      try leaveLine(id, claimed.orderingKey, priority: try priorityInLine(of: claimed), from: ownPlace)
      place(id, at: .held(disposition), wait)
    }
    counts.move(from: .pending, to: disposition == .parked ? .parked : .deadLettered)
    view.put(QueueLayout.progress(id), progress.encoded())
  }

  /// The priority an operation is counted with in its line. Of one that cannot be read, the claim knows only the priority
  /// it took over.
  private mutating func priorityInLine(of claimed: ClaimedOperation) throws -> OperationPriority {
    guard claimed.unreadable != nil, let orderingKey = claimed.orderingKey,
      let value = try view.get(QueueLayout.inLine(orderingKey, claimed.id))
    else { return claimed.operation.priority }
    return try lineRecord(value, claimed.id).priority
  }

  private mutating func redeliver(
    _ stored: StoredOperation, _ progress: inout ProgressRecord, replacing remote: RemoteVersion, payload: [UInt8]?
  ) throws {
    progress.conflictRoundCount += 1
    progress.attemptCount += 1
    // The remote payload has served the resolver; its mark is what the next attempt needs.
    progress.replacing = remote.mark
    note(DeliveryFailure(.conflict, remote.detail), &progress)
    try put(payload, of: stored, over: remote)
  }

  /// What stands after a conflict: this payload, or the operation's own. It is a change of the version it replaces, so that is
  /// what it was made on, should it meet yet another. When that version is not shown, or is too long to keep, a payload that was merged
  /// with it has no base, and a resolver that compares three versions leaves the next conflict to a person.
  mutating func put(_ payload: [UInt8]?, of stored: StoredOperation, over remote: RemoteVersion) throws {
    guard payload != nil || stored.operation.base != nil else { return }
    var operation = NewOperation(stored)
    if let met = remote.payload, met.count <= configuration.payloadByteCountMaximum {
      operation.base = met
    } else if payload != nil {
      operation.base = nil
    }
    try put(payload ?? stored.operation.payload, as: operation, of: stored)
  }

  /// Another payload for an operation that stays where it is.
  mutating func put(_ payload: [UInt8], of stored: StoredOperation, version: Int? = nil) throws {
    var operation = NewOperation(stored)
    operation.version = version ?? operation.version
    try put(payload, as: operation, of: stored)
  }

  private mutating func put(_ payload: [UInt8], as changed: NewOperation, of stored: StoredOperation) throws {
    var operation = changed
    operation.payload = payload
    let (enqueuedAt, after) = (stored.operation.enqueuedAt, stored.operation.after)
    var record = OperationRecord.encode(operation, enqueuedAt: enqueuedAt, after: after)
    // What the store could never take would fail everything it is committed with, again and again.
    if record.count > valueByteCountMaximum, operation.base != nil {
      operation.base = nil
      record = OperationRecord.encode(operation, enqueuedAt: enqueuedAt, after: after)
    }
    try requireStorable(record, kind: operation.kind)
    counts.byteCount += operation.keptByteCount - stored.operation.keptByteCount
    view.put(QueueLayout.operation(stored.operation.id), record)
  }

  /// Bytes that are no longer kept. What an older version of this program enqueued was counted without its base, so that less may
  /// have been counted than goes.
  private mutating func takeOff(_ byteCount: Int) {
    counts.byteCount = max(0, counts.byteCount - byteCount)
  }

  /// Refuses what the store would refuse, and with it the whole group.
  func requireStorable(_ record: [UInt8], kind: String) throws(QueueError) {
    if let refusal = QueueError.refusal(ofRecord: record.count, kind: kind, byteCountMaximum: valueByteCountMaximum) {
      throw refusal
    }
  }

  /// An operation that is not being delivered, with what happened to it.
  mutating func waitingOperation(_ id: OperationID) throws -> (StoredOperation, ProgressRecord?) {
    guard try !isUnderWay(id) else {
      throw QueueError(
        .delivering, "operation \(id) is being delivered right now: try again when the attempt has ended")
    }
    expect(id)
    view.expect(QueueLayout.progress(id))
    guard view.isComplete else { throw PlanView.Unread() }
    let progress = try progress(id)
    do {
      guard let stored = try operation(id) else { throw QueueError.notFound(id) }
      return (stored, progress)
    } catch let error as RecordError {
      // Parked because it cannot be read: it can be discarded, and nothing else.
      guard progress?.held != nil else { throw error }
      let unreadable = SyncOperation(id: id, kind: "", enqueuedAt: id.timestamp)
      return (StoredOperation(operation: unreadable, hasOwnIdempotencyKey: false), progress)
    }
  }

  mutating func isHead(_ id: OperationID, _ orderingKey: OrderingKey?) throws -> Bool {
    guard let orderingKey else { return true }
    return try line(orderingKey)?.head == id
  }

  /// Where the index entry of a waiting operation is that has one of its own: in its line's record, or told by what happened to it.
  mutating func place(of stored: StoredOperation, _ progress: ProgressRecord?) throws -> HeadPlace {
    let operation = stored.operation
    if let held = progress?.held { return .held(held) }
    if let orderingKey = OrderingKey(of: operation), let line = try line(orderingKey), line.head == operation.id {
      return line.place
    }
    if let due = progress?.dueAt, try view.get(QueueLayout.retrying(due, operation.id)) != nil {
      return .retrying(due)
    }
    if let notBefore = operation.notBefore, try view.get(QueueLayout.scheduled(notBefore, operation.id)) != nil {
      return .scheduled(notBefore)
    }
    if !operation.after.isEmpty, try isDependent(operation.id) { return .dependent }
    // Its own priority first, then those it may have been lifted to.
    let priorities = OperationPriority.allCases.filter { $0 <= operation.priority }.reversed()
    for priority in priorities where try view.get(QueueLayout.ready(priority, operation.id)) != nil {
      return .ready(priority)
    }
    for scope in asideScopes(of: operation) {
      for priority in priorities {
        let place = HeadPlace.aside(scope, priority)
        if try view.get(place.key(operation.id)) != nil { return place }
      }
    }
    return .ready(operation.priority)
  }

  private func state(of progress: ProgressRecord?, _ place: HeadPlace) -> OperationState {
    switch place {
    case .held(.parked): .parked
    case .held(.deadLettered): .deadLettered
    case .retrying: (progress?.attemptCount ?? 0) > 0 ? .retrying : .pending
    case .ready, .scheduled, .aside, .leased: .pending
    case .dependent: .blocked
    }
  }

  /// Why an operation could have been set aside.
  private func asideScopes(of operation: SyncOperation) -> [AsideScope] {
    [
      .kind(operation.kind), .limit(kind: operation.kind), operation.namespace.map { .namespace($0) },
      OrderingKey(of: operation).map { .orderingKey($0) },
    ].compactMap { $0 }
  }
}

extension NewOperation {
  /// What a caller would hand in to get this operation.
  init(_ stored: StoredOperation) {
    let operation = stored.operation
    self.init(
      kind: operation.kind, version: operation.version, payload: operation.payload, priority: operation.priority,
      orderingKey: operation.orderingKey, idempotencyKey: stored.hasOwnIdempotencyKey ? operation.idempotencyKey : nil,
      coalescingKey: operation.coalescingKey, notBefore: operation.notBefore, expiresAt: operation.expiresAt,
      namespace: operation.namespace, base: operation.base, headers: operation.headers)
  }
}
