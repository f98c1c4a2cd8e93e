/// One intended change to the outside, stored until it is settled.
public struct SyncOperation: Hashable, Sendable {
  public var id: OperationID
  /// The operation's type name, such as `preferences.setCurrency`; picks the handler.
  public var kind: String
  /// Which shape of `payload` this is; a kind's first version is 1.
  public var version: Int
  public var priority: OperationPriority
  /// Operations with the same ordering key are delivered one at a time, in the order they were enqueued.
  public var orderingKey: String?
  /// The same on every attempt, so that the receiver can recognise a repeat.
  public var idempotencyKey: String {
    get { storedIdempotencyKey.text }
    set { storedIdempotencyKey = .text(newValue) }
  }
  private var storedIdempotencyKey: StoredIdempotencyKey
  /// A newer operation with this key replaces an older one that has not started.
  public var coalescingKey: String?
  public var enqueuedAt: Timestamp
  /// Not to be delivered earlier.
  public var notBefore: Timestamp?
  /// Not to be delivered later; it then ends as `expired`.
  public var expiresAt: Timestamp?
  /// Whose operation this is, such as an account; `nil` when the program has but one. It is delivered only while its
  /// namespace is active, and its keys are its own: another namespace's equal keys are other keys.
  public var namespace: String?
  /// Operations that must be gone before this one is delivered: delivered, discarded, expired or superseded.
  public var after: [OperationID]
  /// What the payload was before the change it tells of, for a resolver that compares three versions; once the payload has been
  /// merged with an upstream's version, that version.
  public var base: [UInt8]?
  /// Travels with the operation, for example as HTTP header fields. In the order given.
  public var headers: [OperationHeader]
  public var payload: [UInt8]

  public init(
    id: OperationID,
    kind: String,
    version: Int = 1,
    priority: OperationPriority = .normal,
    orderingKey: String? = nil,
    idempotencyKey: String? = nil,
    coalescingKey: String? = nil,
    enqueuedAt: Timestamp,
    notBefore: Timestamp? = nil,
    expiresAt: Timestamp? = nil,
    namespace: String? = nil,
    after: [OperationID] = [],
    base: [UInt8]? = nil,
    headers: [OperationHeader] = [],
    payload: [UInt8] = []
  ) {
    self.id = id
    self.kind = kind
    self.version = version
    self.priority = priority
    self.orderingKey = orderingKey
    storedIdempotencyKey = idempotencyKey.map { .text($0) } ?? .identifier(id)
    self.coalescingKey = coalescingKey
    self.enqueuedAt = enqueuedAt
    self.notBefore = notBefore
    self.expiresAt = expiresAt
    self.namespace = namespace
    self.after = after
    self.base = base
    self.headers = headers
    self.payload = payload
  }
}

/// A key that is the text of an identifier is spelled out where it is asked for: by a handler that sends it, and not by all that reads
/// operations back.
private enum StoredIdempotencyKey: Hashable, Sendable {
  case text(String)
  case identifier(OperationID)

  var text: String {
    switch self {
    case .text(let text): text
    case .identifier(let id): id.description
    }
  }

  static func == (left: StoredIdempotencyKey, right: StoredIdempotencyKey) -> Bool {
    if case .identifier(let one) = left, case .identifier(let other) = right { return one == other }
    return left.text == right.text
  }

  func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// A name and a value that travel with an operation.
public struct OperationHeader: Hashable, Sendable {
  public var name: String
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}
