public import TomboloPorts

/// What a caller hands to the queue: an operation without what the queue gives it (identifier and time).
public struct NewOperation: Hashable, Sendable {
  /// The operation's type name, such as `preferences.setCurrency`; picks the handler.
  public var kind: String
  /// Which shape of `payload` this is; a kind's first version is 1.
  public var version: Int
  public var payload: [UInt8]
  public var priority: OperationPriority
  /// Operations with the same ordering key are delivered one at a time, in the order they were enqueued.
  public var orderingKey: String?
  /// Enqueueing again with the same key adds nothing and answers with the first operation, until the retention ends.
  /// Without one the operation's identifier serves as the key that the receiver sees.
  public var idempotencyKey: String?
  /// What happens when an operation with the same key waits is for `uniqueness` to say. One that is being delivered is
  /// never touched: the new one follows it.
  ///
  /// All operations of one coalescing key have the same ordering key, or none: while one of them waits or is being delivered,
  /// enqueueing it with another ordering key is refused (`QueueError` with `invalidOperation`), because two lines run side by side.
  public var coalescingKey: String?
  /// `nil` stands for `QueueConfiguration.uniqueness`. Without a coalescing key it has no meaning.
  public var uniqueness: UniquenessPolicy?
  /// Not to be delivered earlier.
  public var notBefore: Timestamp?
  /// Not to be delivered later; it then ends as `expired`.
  public var expiresAt: Timestamp?
  /// Whose operation this is; see `SyncQueue.activate`. Ordering, idempotency and coalescing keys are the namespace's own.
  public var namespace: String?
  /// Operations that must be gone before this one is delivered, whatever their ordering keys. One that is gone already, or
  /// was never here, counts as gone. Only operations that were enqueued before this one can be named, so no two can wait
  /// for each other.
  public var after: [OperationReference]
  /// What the payload was before the change, for a resolver that compares three versions; after a conflict, the upstream's version that
  /// it met. An operation that takes the place of a waiting one takes over its base instead: the two changes have become one.
  public var base: [UInt8]?
  /// Travels with the operation, for example as HTTP header fields.
  public var headers: [OperationHeader]

  public init(
    kind: String,
    version: Int = 1,
    payload: [UInt8] = [],
    priority: OperationPriority = .normal,
    orderingKey: String? = nil,
    idempotencyKey: String? = nil,
    coalescingKey: String? = nil,
    uniqueness: UniquenessPolicy? = nil,
    notBefore: Timestamp? = nil,
    expiresAt: Timestamp? = nil,
    namespace: String? = nil,
    after: [OperationReference] = [],
    base: [UInt8]? = nil,
    headers: [OperationHeader] = []
  ) {
    self.kind = kind
    self.version = version
    self.payload = payload
    self.priority = priority
    self.orderingKey = orderingKey
    self.idempotencyKey = idempotencyKey
    self.coalescingKey = coalescingKey
    self.uniqueness = uniqueness
    self.notBefore = notBefore
    self.expiresAt = expiresAt
    self.namespace = namespace
    self.after = after
    self.base = base
    self.headers = headers
  }
}
