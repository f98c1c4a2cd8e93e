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
  /// Replaces an operation with the same key that waits and was not started.
  public var coalescingKey: String?
  /// Not to be delivered earlier.
  public var notBefore: Timestamp?
  /// Not to be delivered later; it then ends as `expired`.
  public var expiresAt: Timestamp?
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
    notBefore: Timestamp? = nil,
    expiresAt: Timestamp? = nil,
    headers: [OperationHeader] = []
  ) {
    self.kind = kind
    self.version = version
    self.payload = payload
    self.priority = priority
    self.orderingKey = orderingKey
    self.idempotencyKey = idempotencyKey
    self.coalescingKey = coalescingKey
    self.notBefore = notBefore
    self.expiresAt = expiresAt
    self.headers = headers
  }
}

/// What became of an enqueue. Whatever the case, the operation named by `id` is durable.
public struct EnqueueReceipt: Hashable, Sendable {
  public enum Disposition: Hashable, Sendable {
    case added
    /// The idempotency key was known: nothing was added, `id` is the operation it stands for.
    case repeated
    /// Added in place of this waiting operation with the same coalescing key.
    case replaced(OperationID)
  }

  public var id: OperationID
  /// Its state at that moment.
  public var state: OperationState
  public var disposition: Disposition

  public init(id: OperationID, state: OperationState, disposition: Disposition) {
    self.id = id
    self.state = state
    self.disposition = disposition
  }
}
