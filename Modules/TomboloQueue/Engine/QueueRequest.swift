import Synchronization
import TomboloPorts

/// What is asked of the engine. All requests that write, and those that refill windows, go through one door, one group at
/// a time, so that every decision is made on what is committed.
///
/// Small, because a request is handed on several times: what is large is indirect.
enum QueueRequest: Sendable {
  /// Adds one operation, as durably as asked for.
  case add(PreparedOperation, StoreDurability?)
  /// Adds operations, all or none, together with a caller's own changes, as durably as asked for.
  indirect case enqueue([PreparedOperation], alongside: Batch, StoreDurability? = nil)
  /// Stores what became of a delivery. A repeat looks first whether it is stored already: a commit whose answer was lost
  /// must not be applied twice.
  indirect case settle(ClaimedOperation, Settlement, isRepeat: Bool)
  /// Puts an operation back in line by hand: at once, with a fresh count of attempts.
  indirect case redrive(OperationID)
  /// Gives an operation that is held another payload.
  indirect case edit(OperationID, payload: [UInt8], version: Int?)
  /// Settles a conflict that waits for a person.
  indirect case resolve(OperationID, ConflictChoice)
  /// Gives operations that wait other bytes, together with a caller's own changes.
  indirect case rewrite([OperationID], alongside: Batch, @Sendable ([UInt8]) -> [UInt8])
  /// Removes an operation by hand.
  indirect case discard(OperationID, reason: String)
  /// Makes ready what is due, a bounded number, and forgets idempotency keys whose time is over.
  case promote(now: Timestamp)
  /// Forgets what is gone and was kept long enough, a bounded number.
  case prune(now: Timestamp)
  /// Moves claimed operations out of the ready index, because what they belong to does not deliver now.
  indirect case setAside([ClaimedOperation], AsideScope)
  /// Makes ready what was set aside, a bounded number, highest priority first.
  indirect case bringBack(AsideScope, limit: Int)
  /// Takes operations out of the ready index for delivery, on a store that several processes share.
  indirect case lease([ClaimedOperation], until: Timestamp)
  /// Puts the end of leases off. Those that were lost are answered.
  indirect case renew([ClaimedOperation], until: Timestamp)
  /// Gives a lease back: the operation is ready as before.
  case giveBack(ClaimedOperation)
  indirect case pause(Pause)
  indirect case resume(Pause.Scope)
  /// Deletes an entry of the ready index whose operation is not there: damage, mended where it is met.
  case sweep(Key)
  /// Reads the front of the ready index into memory where that ran empty.
  case refill
}

extension QueueRequest {
  /// What a request does to the room that is left: those that make it go before those that take it.
  enum RoomNeed: Int, Comparable {
    /// Takes operations or index entries away, or moves them.
    case makesRoom
    /// Notes what was met beside an operation that stays.
    case notes
    /// Notes what was met, and keeps the other side's version, or a merged one, beside it: not to take notes along when it is too
    /// much.
    case keeps
    case adds

    static func < (left: RoomNeed, right: RoomNeed) -> Bool { left.rawValue < right.rawValue }
  }

  /// What its commit has to reach; `nil` for what the store is set to.
  var durability: StoreDurability? {
    switch self {
    case .add(_, let durability): durability
    case .enqueue(_, let companion, let durability?): companion.durability.map { max($0, durability) } ?? durability
    // Of two that stand or fall together, of which one asks for nothing: as `Batch.append` has it.
    case .enqueue(_, let companion, nil), .rewrite(_, let companion, _): companion.durability == .full ? .full : nil
    default: nil
    }
  }

  /// What a group has to be looked through for, so that one look tells of most groups that there is nothing of it.
  struct Traits: OptionSet {
    let rawValue: UInt8
    /// It comes from a worker that looks after the queue, and changes nothing where nothing is due.
    static let tends = Traits(rawValue: 1)
    /// It reads the front of the ready index.
    static let refills = Traits(rawValue: 2)
    /// The times at which something is due have to be read again afterwards.
    static let movesDueTimes = Traits(rawValue: 4)
    /// It asks for a durability of its own.
    static let asksDurability = Traits(rawValue: 8)
    /// It may be too large for the store.
    static let isSized = Traits(rawValue: 16)
  }

  var traits: Traits {
    switch self {
    case .refill: [.tends, .refills]
    case .promote, .prune: [.tends, .movesDueTimes]
    case .add(let prepared, let durability):
      // The planner looks at the length of a plain one.
      [prepared.isPlain ? [] : .isSized, durability == nil ? [] : .asksDurability]
    case .enqueue, .rewrite: durability == nil ? .isSized : [.isSized, .asksDurability]
    default: []
    }
  }

  var isTending: Bool { traits.contains(.tends) }

  var roomNeed: RoomNeed {
    switch self {
    case .add, .enqueue, .edit, .resolve(_, .merged), .rewrite: .adds
    case .discard, .resolve(_, .remote), .promote, .prune, .sweep, .refill, .bringBack, .resume: .makesRoom
    case .redrive, .resolve(_, .local), .setAside, .pause, .lease, .renew, .giveBack: .notes
    case .settle(_, let settlement, _):
      switch settlement {
      case .delivered, .discard, .expire: .makesRoom
      case .retry, .snooze, .release, .park, .deadLetter: .notes
      case .redeliver, .parkConflict: .keeps
      }
    }
  }
}

enum QueueAnswer: Sendable {
  /// For one that was added by itself.
  case receipt(EnqueueReceipt)
  case receipts([EnqueueReceipt])
  case done
  /// The token of each operation that was leased; those that others took meanwhile are not among them.
  case leased([OperationID: UInt64])
  /// The operations whose leases were lost.
  case lost([OperationID])
  /// How many were made ready, forgotten or pruned.
  case promoted(count: Int)
}

/// An operation with its stored form, encoded on the caller's task. An object, because an operation is large and is handed on
/// several times.
final class PreparedOperation: Sendable {
  let operation: NewOperation
  let enqueuedAt: Timestamp
  let record: [UInt8]
  /// What it counts towards `QueueConfiguration.bytesMaximum`.
  let keptByteCount: Int
  /// Whether it can be stored as a single record, where nobody shares the store.
  let canBeSingle: Bool
  /// Whether that is all there is to it: nothing has to be read for it.
  let isPlain: Bool

  init(operation: NewOperation, enqueuedAt: Timestamp, record: [UInt8]) {
    // Here, because here it is done by each caller, and where it is asked for by one after the other.
    keptByteCount = operation.keptByteCount
    canBeSingle =
      operation.priority == .normal && operation.orderingKey == nil && operation.coalescingKey == nil
      && operation.after.isEmpty && operation.notBefore == nil && record.count <= QueueLayout.singleByteCountMaximum
    isPlain = canBeSingle && operation.idempotencyKey == nil
    self.enqueuedAt = enqueuedAt
    self.record = record
    // Last, so that the operation is handed on and not copied.
    self.operation = operation
  }

  convenience init(_ operation: NewOperation, enqueuedAt: Timestamp) {
    // In this order the operation is handed on and not copied.
    let record = OperationRecord.encode(operation, enqueuedAt: enqueuedAt)
    self.init(operation: operation, enqueuedAt: enqueuedAt, record: record)
  }

  /// The same, with what others have made of the operation.
  func replacing(operation: NewOperation, after: [OperationID]) -> PreparedOperation {
    PreparedOperation(
      operation: operation, enqueuedAt: enqueuedAt,
      record: OperationRecord.encode(operation, enqueuedAt: enqueuedAt, after: after))
  }
}

/// An operation taken for delivery. An object, because it is large, and every call on the way of a delivery has it.
final class ClaimedOperation: Sendable {
  let id: OperationID
  /// The priority of its entry in the ready index, when it was taken.
  let readyPriority: OperationPriority
  let stored: StoredOperation
  let progress: ProgressRecord?
  /// Why its bytes cannot be read; `operation` then has nothing but identifier and priority.
  let unreadable: DeliveryFailure?
  /// The ordering key it stands in line for.
  let orderingKey: OrderingKey?
  /// On a shared store: with what it was leased.
  let token: UInt64?
  /// The upstream at which a place is taken for it, until that is given back.
  private let upstreamPlace: Mutex<String?>

  var operation: SyncOperation { stored.operation }

  init(
    id: OperationID, readyPriority: OperationPriority, stored: StoredOperation, progress: ProgressRecord?,
    unreadable: DeliveryFailure? = nil, orderingKey: OrderingKey?, token: UInt64? = nil, upstreamPlace: String? = nil
  ) {
    self.id = id
    self.readyPriority = readyPriority
    self.stored = stored
    self.progress = progress
    self.unreadable = unreadable
    self.orderingKey = orderingKey
    self.token = token
    self.upstreamPlace = Mutex(upstreamPlace)
  }

  /// Notes where a place is taken for it; there is none yet.
  func takePlace(at upstream: String) {
    upstreamPlace.withLock { place in
      assert(place == nil, "it has a place already")
      place = upstream
    }
  }

  /// Whose place is to be given back: answered once.
  func leavePlace() -> String? {
    upstreamPlace.withLock { place in
      defer { place = nil }
      return place
    }
  }

  /// The same, leased.
  ///
  /// - Parameter earlier: whose place it takes over.
  func leased(_ token: UInt64?, inPlaceOf earlier: ClaimedOperation) -> ClaimedOperation {
    // To lease it has parted it.
    var stored = stored
    stored.single = nil
    return ClaimedOperation(
      id: id, readyPriority: readyPriority, stored: stored, progress: progress, unreadable: unreadable,
      orderingKey: orderingKey, token: token, upstreamPlace: earlier.leavePlace())
  }
}

/// What becomes of an operation after a delivery, as the store is to have it.
enum Settlement: Hashable, Sendable {
  case delivered(attempt: Int)
  /// Waits for its backoff.
  case retry(DeliveryFailure, due: Timestamp)
  /// Waits, unburnt.
  case snooze(DeliveryFailure, due: Timestamp)
  /// Ready again, unburnt, with what was met noted.
  case release(DeliveryFailure)
  /// Ready again to replace the remote version, with this payload instead of its own when there is one.
  case redeliver(replacing: RemoteVersion, payload: [UInt8]?)
  /// `attempted` tells whether a handler was called.
  case park(DeliveryFailure, attempted: Bool)
  /// Waits for a person, who is shown both versions.
  case parkConflict(DeliveryFailure, RemoteVersion)
  case deadLetter(DeliveryFailure)
  case discard(reason: String)
  case expire

  /// When the operation is due again, if it waits for a time.
  var due: Timestamp? {
    switch self {
    case .retry(_, let due), .snooze(_, let due): due
    default: nil
    }
  }

  /// Whether the operation is gone then.
  var isEnd: Bool {
    switch self {
    case .delivered, .discard, .expire: true
    default: false
    }
  }

  /// As observers are told of it.
  var change: QueueEvent.Change {
    switch self {
    case .delivered(let attempt): .delivered(attempt: attempt)
    case .retry(let failure, let due): .retried(failure, due: due)
    case .snooze(let failure, let due): .snoozed(failure, due: due)
    case .release(let failure): .released(failure)
    case .redeliver(_, let payload): .conflicted(payload.map { .merged($0) } ?? .applyLocal)
    case .park(let failure, _), .parkConflict(let failure, _): .parked(failure)
    case .deadLetter(let failure): .deadLettered(failure)
    case .discard(let reason): .discarded(reason: reason)
    case .expire: .expired
    }
  }
}
