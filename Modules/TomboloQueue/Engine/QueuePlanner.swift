import TomboloPorts
import TomboloResilience
import TomboloStorage

/// Turns requests into changes of the store: the rules of the queue, without a store, a clock or a lock.
///
/// Its three parts are in files of their own: `QueuePlanner+Enqueue`, `+Settle`, `+Line` (the order within a key).
struct QueuePlanner {
  let shared: SharedConfiguration
  var configuration: QueueConfiguration { shared.values }
  let now: Timestamp
  /// Operations that are being delivered.
  private(set) var inFlight: [OperationID: InFlightEntry]
  /// Whether other processes deliver from the same store.
  let isShared: Bool
  /// The longest value that the store takes.
  let valueByteCountMaximum: Int
  var identifiers: PlannedIdentifiers

  var view: PlanView
  var counts: QueueCounts
  /// Whether the record of the counts is part of the plan.
  var hasPutCounts = false
  /// What is to happen in memory once the plan is committed, in this order.
  var effects: [PlanEffect] = []
  /// What is to be told then.
  private(set) var events: [QueueEvent] = []

  init(
    _ shared: SharedConfiguration, now: Timestamp, inFlight: [OperationID: InFlightEntry], isShared: Bool,
    valueByteCountMaximum: Int, identifiers: PlannedIdentifiers, view: PlanView, counts: QueueCounts,
    requestCount: Int = 1
  ) {
    self.shared = shared
    self.now = now
    self.inFlight = inFlight
    self.isShared = isShared
    self.valueByteCountMaximum = valueByteCountMaximum
    self.identifiers = identifiers
    self.view = view
    self.counts = counts
    effects.reserveCapacity(requestCount)
    events.reserveCapacity(requestCount)
  }

  /// Lets go of what memory knows, once there is nothing more to plan: whoever keeps it can then change it without a copy.
  mutating func forgetKnown() {
    view.forgetKnown()
    inFlight = [:]
  }

  /// Plans one request. When it throws, nothing of the request is left in the plan.
  mutating func plan(_ request: QueueRequest) throws -> QueueAnswer {
    // What most are. It throws before it plans anything, so there is nothing to go back to.
    if case .add(let prepared, _) = request, let receipt = try addPlain(prepared) { return .receipt(receipt) }
    let savepoint = view.savepoint()
    let countsBefore = counts
    let (effectCount, eventCount) = (effects.count, events.count)
    do {
      return try planUnguarded(request)
    } catch {
      view.rollback(to: savepoint)
      counts = countsBefore
      effects.removeLast(effects.count - effectCount)
      events.removeLast(events.count - eventCount)
      throw error
    }
  }

  private mutating func planUnguarded(_ request: QueueRequest) throws -> QueueAnswer {
    switch request {
    case .add(let prepared, _): return .receipt(try add(prepared))
    case .enqueue(let operations, let companion, _): return .receipts(try enqueue(operations, alongside: companion))
    case .settle(let claimed, let settlement, let isRepeat):
      if isRepeat, claimed.token != nil {
        // With its lease gone it was stored, and there is nothing to do; or it was not, and it is refused.
        if try ownLease(of: claimed) != nil || !isNoted(settlement, of: claimed) { try settle(claimed, settlement) }
      } else if isRepeat, try isStored(settlement, of: claimed) {
        if let due = settlement.due { effects += [.due(due), .retryDue(due)] }
        // A claim may have read the ready index meanwhile, without what is being delivered.
        if let priority = try readyPriority(of: claimed) { effects.append(.ready(priority, claimed.id)) }
      } else {
        try settle(claimed, settlement)
      }
      tell(claimed.id, kind: claimed.operation.kind, settlement.change)
      effects.append(.finished(claimed.id))
    case .redrive(let id): try redrive(id)
    case .resolve(let id, let choice): try resolve(id, choice)
    case .edit(let id, let payload, let version): try edit(id, payload: payload, version: version)
    case .rewrite(let ids, let companion, let body): try rewrite(ids, alongside: companion, body)
    case .discard(let id, let reason): try discard(id, reason: reason)
    case .promote(let now): return try promote(now: now)
    case .setAside(let operations, let scope): try setAside(operations, scope)
    case .bringBack(let scope, let limit): return try bringBack(scope, limit: limit)
    case .lease(let operations, let until): return try lease(operations, until: until)
    case .renew(let operations, let until): return try renew(operations, until: until)
    case .giveBack(let claimed): try giveBack(claimed)
    case .pause(let pause):
      let record = PauseRecord(since: pause.since, reason: pause.reason)
      view.put(QueueLayout.pause(pause.scope), record.encoded())
      effects.append(.paused(pause))
    case .resume(let scope):
      view.delete(QueueLayout.pause(scope))
      effects.append(.resumed(scope))
    case .sweep(let key): view.delete(key)
    case .prune(let now): return try prune(now: now)
    case .refill: break
    }
    return .done
  }

  // MARK: - Reading

  mutating func operation(_ id: OperationID) throws -> StoredOperation? {
    guard let (value, isSingle) = try record(of: id) else { return nil }
    var stored = try OperationRecord.decode(value, id: id)
    if isSingle { stored.single = value }
    return stored
  }

  /// Whether there is such an operation, readable or not.
  mutating func isThere(_ id: OperationID) throws -> Bool { try record(of: id) != nil }

  /// The bytes of an operation, and whether they are its single record.
  private mutating func record(of id: OperationID) throws -> (value: [UInt8], isSingle: Bool)? {
    let (own, single) = (QueueLayout.operation(id), QueueLayout.single(id))
    // What this plan has put is in one place and not in the other, which need not be read then.
    if let value = view.put(at: single) { return (value, true) }
    if let value = view.put(at: own) { return (value, false) }
    expect(id)
    if let value = try view.get(own) { return (value, false) }
    return try view.get(single).map { ($0, true) }
  }

  /// Notes that this operation will be needed.
  mutating func expect(_ id: OperationID) {
    view.expect(QueueLayout.operation(id))
    view.expect(QueueLayout.single(id))
  }

  mutating func progress(_ id: OperationID) throws -> ProgressRecord? {
    try view.get(QueueLayout.progress(id)).map { try ProgressRecord($0) }
  }

  /// The line of an ordering key; made anew from its members when its own bytes are damaged.
  mutating func line(_ key: OrderingKey) throws -> OrderingKeyRecord? {
    guard let value = try view.get(QueueLayout.orderingKey(key)) else { return nil }
    do {
      return try OrderingKeyRecord(value)
    } catch .newer(let version, let newest) {
      throw RecordError.newer(version: version, newest: newest)
    } catch {
      return try mendLine(key)
    }
  }

  // MARK: - Index entries

  /// Whether a new operation can be stored as a single record. Where several processes share a store the first thing that happens to it is a
  /// lease, which would part it again.
  func canBeSingle(_ prepared: PreparedOperation) -> Bool { !isShared && prepared.canBeSingle }

  /// Parts the single record of an operation into the two that all others have, its own and its entry in the ready index; to be done before
  /// anything but its end becomes of it. One that has two stays as it is.
  ///
  /// Whoever leaves the entry where it is has to note in memory that there is one.
  mutating func part(_ stored: StoredOperation) throws {
    guard let record = stored.single else { return }
    let id = stored.operation.id
    // Another process may have been quicker.
    if isShared, try view.get(QueueLayout.single(id)) == nil { return }
    view.delete(QueueLayout.single(id))
    effects.append(.unready(.normal, id))
    view.put(QueueLayout.operation(id), record)
    view.put(QueueLayout.ready(.normal, id), [])
  }

  /// Puts the index entry of an operation, and notes what follows in memory.
  mutating func place(_ id: OperationID, at place: HeadPlace, _ wait: WaitRecord) {
    let key = place.key(id)
    switch place {
    case .ready(let priority):
      // The ordering key stands beside it, so that an operation whose own bytes are damaged can still be taken out of
      // its line.
      view.put(key, wait.orderingKey.map { Array($0.stored.utf8) } ?? [])
      effects.append(.ready(priority, id))
    case .scheduled(let due):
      view.put(key, wait.encoded())
      effects.append(.due(due))
    case .retrying(let due):
      view.put(key, wait.encoded())
      effects += [.due(due), .retryDue(due)]
    case .held:
      view.put(key, [])
    case .leased(let until):
      view.put(key, wait.encoded())
      effects.append(.due(until))
    case .aside(let scope, _):
      view.put(key, wait.encoded())
      effects.append(.aside(scope))
    case .dependent:
      // Its record stands for it, and was written when it came.
      break
    }
  }

  mutating func unplace(_ id: OperationID, from place: HeadPlace) {
    // What an operation waits for is forgotten when that is gone, or it is itself.
    guard place != .dependent else { return }
    view.delete(place.key(id))
    if case .ready(let priority) = place { effects.append(.unready(priority, id)) }
  }

  mutating func tell(_ id: OperationID, kind: String, _ change: QueueEvent.Change) {
    events.append(QueueEvent(id: id, kind: kind, change: change, at: now))
  }

  // MARK: - Due times

  /// How many entries one promotion takes at the most, so that no group is held up for long.
  static let promotionCountMaximum = 256

  private mutating func promote(now: Timestamp) throws -> QueueAnswer {
    var count = 0
    let limit = Self.promotionCountMaximum
    let due = now.advanced(by: .milliseconds(1))
    for range in [QueueLayout.scheduled, QueueLayout.retrying] {
      var end = KeyEncoder(tag: range.lower.bytes[0], range.lower.bytes[1])
      end.append(due)
      let records = try view.stored(in: KeyRange(from: range.lower, to: end.key), limit: limit)
      for record in records where !view.isDeleted(record.key) { try promote(record) }
      count += records.count
    }

    if isShared { count += try promoteLeases(before: due, limit: limit) }

    // A wall clock that was set back would leave retries waiting for the difference. No retry waits longer than the
    // longest backoff from now, so one that would is made ready at once.
    var beyond = KeyEncoder(tag: QueueLayout.retrying.lower.bytes[0], QueueLayout.retrying.lower.bytes[1])
    beyond.append(configuration.strandedLimit(at: now))
    let stranded = try view.stored(in: KeyRange(from: beyond.key, to: QueueLayout.retrying.upper), limit: limit)
    for record in stranded where !view.isDeleted(record.key) { try promote(record) }
    count += stranded.count

    var end = KeyEncoder(tag: QueueLayout.forgetting.lower.bytes[0], QueueLayout.forgetting.lower.bytes[1])
    end.append(due)
    let forgotten = try view.stored(in: KeyRange(from: QueueLayout.forgetting.lower, to: end.key), limit: limit)
    for record in forgotten {
      var decoder = KeyDecoder(record.key, skipping: 2)
      view.delete(record.key)
      guard decoder.timestamp() != nil, let name = decoder.string() else { continue }
      view.delete(QueueLayout.idempotency(name))
    }
    count += forgotten.count
    return .promoted(count: count)
  }

  /// Makes ready what was being delivered by a process that did not come back in time.
  private mutating func promoteLeases(before due: Timestamp, limit: Int) throws -> Int {
    var end = KeyEncoder(tag: QueueLayout.leased.lower.bytes[0], QueueLayout.leased.lower.bytes[1])
    end.append(due)
    var ended = try view.stored(in: KeyRange(from: QueueLayout.leased.lower, to: end.key), limit: limit)
    // And what a wall clock that was set back would leave waiting for the difference.
    var beyond = KeyEncoder(tag: QueueLayout.leased.lower.bytes[0], QueueLayout.leased.lower.bytes[1])
    beyond.append(configuration.leaseLimit(at: now))
    ended += try view.stored(in: KeyRange(from: beyond.key, to: QueueLayout.leased.upper), limit: limit)
    for record in ended where !view.isDeleted(record.key) {
      try promote(record)
      if let id = QueueLayout.trailingID(record.key) { view.delete(QueueLayout.lease(id)) }
    }
    return ended.count
  }

  /// Moves one entry of `d`, `w` or `z` to the ready index.
  mutating func promote(_ record: Record) throws {
    guard let id = QueueLayout.trailingID(record.key), let wait = try waitRecord(record, id) else {
      view.delete(record.key)
      return
    }
    var priority = wait.priority
    if let orderingKey = wait.orderingKey, var line = try line(orderingKey), line.head == id {
      priority = line.inheritedPriority
      line.place = .ready(priority)
      view.put(QueueLayout.orderingKey(orderingKey), line.encoded())
    }
    view.delete(record.key)
    place(id, at: .ready(priority), wait)
    if wait.isRetrying { counts.move(from: .retrying, to: .pending) }
  }

  /// What an entry of `d` or `w` says; made anew from its operation when its own bytes are damaged, and `nil` when there
  /// is no such operation. One that is damaged as well is let go on alone, to be parked when it is taken.
  private mutating func waitRecord(_ record: Record, _ id: OperationID) throws -> WaitRecord? {
    do {
      return try WaitRecord(record.value)
    } catch {
      guard try isThere(id) else { return nil }
      let attemptCount = try readable { try $0.progress(id) }?.attemptCount ?? 0
      let operation = try readable { try $0.operation(id) }?.operation
      return WaitRecord(
        priority: operation?.priority ?? .normal, orderingKey: operation.flatMap { OrderingKey(of: $0) },
        isRetrying: attemptCount > 0)
    }
  }

  /// What `read` gives, or `nil` when those bytes are damaged.
  mutating func readable<Value>(_ read: (inout QueuePlanner) throws -> Value?) throws -> Value? {
    do {
      return try read(&self)
    } catch is RecordError {
      return nil
    }
  }
}

/// Something to do in memory once a plan is committed.
enum PlanEffect: Sendable {
  /// There is an entry in the ready index.
  case ready(OperationPriority, OperationID)
  /// There is one of normal priority, which is the operation's single record.
  case readySingle(OperationID, [UInt8])
  /// There is no longer one.
  case unready(OperationPriority, OperationID)
  /// A claimed operation is no longer being delivered.
  case finished(OperationID)
  /// The entry of an operation that is being delivered moved to another priority.
  case moved(OperationID, OperationPriority)
  /// Something is to be made ready, or forgotten, then.
  case due(Timestamp)
  /// A backoff ends then.
  case retryDue(Timestamp)
  /// Something of the history is to be pruned then.
  case pruneDue(Timestamp)
  /// There is something set aside for this reason.
  case aside(AsideScope)
  /// There is nothing set aside for it any more.
  case asideEmpty(AsideScope)
  indirect case paused(Pause)
  indirect case resumed(Pause.Scope)
}

/// What is kept in memory of an operation that is being delivered.
struct InFlightEntry: Sendable {
  var readyPriority: OperationPriority
  /// As in `ReadyWindow.Entry`; unknown after a commit that failed.
  var record: [UInt8]?
  /// The last its handler reported.
  var progress: DeliveryProgress?
  /// When that was reported, and when it was last told, by the monotonic clock.
  var reportedAt: Duration?
  var toldAt: Duration?
}

/// The identifiers that the passes of one group give out: the same in every pass.
struct PlannedIdentifiers: Sendable {
  let now: Timestamp
  private let source: any OperationIDSource
  private var given: [OperationID] = []
  private var position = 0

  /// - Parameter count: how many will be given out, roughly.
  init(source: any OperationIDSource, now: Timestamp, count: Int = 1) {
    self.source = source
    self.now = now
    given.reserveCapacity(count)
  }

  mutating func rewind() {
    position = 0
  }

  /// Gives out others from now on, all of them after `id`.
  mutating func restart(after id: OperationID?) {
    given = []
    position = 0
    if let id { source.advance(past: id) }
  }

  mutating func next() -> OperationID {
    if position == given.count { given.append(source.next(at: now)) }
    position += 1
    return given[position - 1]
  }
}
