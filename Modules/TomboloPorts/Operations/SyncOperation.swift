/// One intended change to the outside, stored until it is settled.
///
/// A copy counts one reference, and not one for each text and list in it: an operation is handed on many times on its way to a
/// handler.
public struct SyncOperation: Sendable {
  public var id: OperationID {
    get { contents.id }
    set { own().id = newValue }
  }
  /// The operation's type name, such as `preferences.setCurrency`; picks the handler.
  public var kind: String {
    get { contents.kind }
    set { own().kind = newValue }
  }
  /// Which shape of `payload` this is; a kind's first version is 1.
  public var version: Int {
    get { contents.version }
    set { own().version = newValue }
  }
  public var priority: OperationPriority {
    get { contents.priority }
    set { own().priority = newValue }
  }
  /// Operations with the same ordering key are delivered one at a time, in the order they were enqueued.
  public var orderingKey: String? {
    get { contents.orderingKey }
    set { own().orderingKey = newValue }
  }
  /// The same on every attempt, so that the receiver can recognise a repeat.
  public var idempotencyKey: String {
    get { contents.idempotencyKey.text }
    set { own().idempotencyKey = .text(newValue) }
  }
  /// A newer operation with this key replaces an older one that has not started.
  public var coalescingKey: String? {
    get { contents.coalescingKey }
    set { own().coalescingKey = newValue }
  }
  public var enqueuedAt: Timestamp {
    get { contents.enqueuedAt }
    set { own().enqueuedAt = newValue }
  }
  /// Not to be delivered earlier.
  public var notBefore: Timestamp? {
    get { contents.notBefore }
    set { own().notBefore = newValue }
  }
  /// Not to be delivered later; it then ends as `expired`.
  public var expiresAt: Timestamp? {
    get { contents.expiresAt }
    set { own().expiresAt = newValue }
  }
  /// Whose operation this is, such as an account; `nil` when the program has but one. It is delivered only while its
  /// namespace is active, and its keys are its own: another namespace's equal keys are other keys.
  public var namespace: String? {
    get { contents.namespace }
    set { own().namespace = newValue }
  }
  /// Operations that must be gone before this one is delivered: delivered, discarded, expired or superseded.
  public var after: [OperationID] {
    get { contents.after }
    // In place, so that adding to it does not copy what is there.
    _modify { yield &own().after }
  }
  /// What the payload was before the change it tells of, for a resolver that compares three versions; once the payload has been
  /// merged with an upstream's version, that version.
  public var base: [UInt8]? {
    get { contents.base }
    _modify { yield &own().base }
  }
  /// Travels with the operation, for example as HTTP header fields. In the order given.
  public var headers: [OperationHeader] {
    get { contents.headers }
    _modify { yield &own().headers }
  }
  public var payload: [UInt8] {
    get { contents.payload }
    _modify { yield &own().payload }
  }

  private var contents: OperationContents

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
    contents = OperationContents(
      id: id, kind: kind, version: version, priority: priority, orderingKey: orderingKey,
      idempotencyKey: idempotencyKey.map { .text($0) } ?? .identifier(id), coalescingKey: coalescingKey,
      enqueuedAt: enqueuedAt, notBefore: notBefore, expiresAt: expiresAt, namespace: namespace, after: after,
      base: base, headers: headers, payload: payload)
  }

  /// The contents, which nobody else has, so that they can be changed.
  private mutating func own() -> OperationContents {
    if !isKnownUniquelyReferenced(&contents) { contents = contents.copy() }
    return contents
  }
}

extension SyncOperation: Hashable {
  public static func == (left: SyncOperation, right: SyncOperation) -> Bool { left.contents == right.contents }

  public func hash(into hasher: inout Hasher) { contents.hash(into: &hasher) }
}

extension SyncOperation: CustomReflectable {
  /// Its parts, as of a value that has them in itself: what printing it shows.
  public var customMirror: Mirror {
    Mirror(
      self,
      children: [
        "id": id, "kind": kind, "version": version, "priority": priority, "orderingKey": orderingKey as Any,
        "idempotencyKey": idempotencyKey, "coalescingKey": coalescingKey as Any, "enqueuedAt": enqueuedAt,
        "notBefore": notBefore as Any, "expiresAt": expiresAt as Any, "namespace": namespace as Any, "after": after,
        "base": base as Any, "headers": headers, "payload": payload,
      ], displayStyle: .struct)
  }
}

/// What a `SyncOperation` refers to.
///
/// Safety: it is changed only through `SyncOperation.own`, by whoever has the only reference.
private final class OperationContents: Hashable, @unchecked Sendable {
  var id: OperationID
  var kind: String
  var version: Int
  var priority: OperationPriority
  var orderingKey: String?
  var idempotencyKey: StoredIdempotencyKey
  var coalescingKey: String?
  var enqueuedAt: Timestamp
  var notBefore: Timestamp?
  var expiresAt: Timestamp?
  var namespace: String?
  var after: [OperationID]
  var base: [UInt8]?
  var headers: [OperationHeader]
  var payload: [UInt8]

  init(
    id: OperationID, kind: String, version: Int, priority: OperationPriority, orderingKey: String?,
    idempotencyKey: StoredIdempotencyKey, coalescingKey: String?, enqueuedAt: Timestamp, notBefore: Timestamp?,
    expiresAt: Timestamp?, namespace: String?, after: [OperationID], base: [UInt8]?, headers: [OperationHeader],
    payload: [UInt8]
  ) {
    self.id = id
    self.kind = kind
    self.version = version
    self.priority = priority
    self.orderingKey = orderingKey
    self.idempotencyKey = idempotencyKey
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

  func copy() -> OperationContents {
    OperationContents(
      id: id, kind: kind, version: version, priority: priority, orderingKey: orderingKey,
      idempotencyKey: idempotencyKey, coalescingKey: coalescingKey, enqueuedAt: enqueuedAt, notBefore: notBefore,
      expiresAt: expiresAt, namespace: namespace, after: after, base: base, headers: headers, payload: payload)
  }

  static func == (left: OperationContents, right: OperationContents) -> Bool {
    if left === right { return true }
    return left.id == right.id && left.kind == right.kind && left.version == right.version
      && left.priority == right.priority && left.orderingKey == right.orderingKey
      && left.idempotencyKey == right.idempotencyKey && left.coalescingKey == right.coalescingKey
      && left.enqueuedAt == right.enqueuedAt && left.notBefore == right.notBefore && left.expiresAt == right.expiresAt
      && left.namespace == right.namespace && left.after == right.after && left.base == right.base
      && left.headers == right.headers && left.payload == right.payload
  }

  func hash(into hasher: inout Hasher) {
    // Two that are equal have these equal, and one identifier stands for one operation.
    hasher.combine(id)
    hasher.combine(payload)
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
