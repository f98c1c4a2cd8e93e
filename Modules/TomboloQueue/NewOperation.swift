public import TomboloPorts

/// What a caller hands to the queue: an operation without what the queue gives it (identifier and time).
///
/// Small where it has only a kind and a payload, as most have: what else there may be is kept apart, and only where it is there.
public struct NewOperation: Hashable, Sendable {
  /// The operation's type name, such as `preferences.setCurrency`; picks the handler.
  public var kind: String
  /// Which shape of `payload` this is; a kind's first version is 1.
  public var version: Int
  public var payload: [UInt8]
  public var priority: OperationPriority
  private var details: OperationDetails

  /// Operations with the same ordering key are delivered one at a time, in the order they were enqueued.
  public var orderingKey: String? {
    get { details.given?.orderingKey }
    set { details.change { $0.orderingKey = newValue } }
  }
  /// Enqueueing again with the same key adds nothing and answers with the first operation, until the retention ends.
  /// Without one the operation's identifier serves as the key that the receiver sees.
  public var idempotencyKey: String? {
    get { details.given?.idempotencyKey }
    set { details.change { $0.idempotencyKey = newValue } }
  }
  /// What happens when an operation with the same key waits is for `uniqueness` to say. One that is being delivered is
  /// never touched: the new one follows it.
  ///
  /// All operations of one coalescing key have the same ordering key, or none: while one of them waits or is being delivered,
  /// enqueueing it with another ordering key is refused (`QueueError` with `invalidOperation`), because two lines run side by side.
  public var coalescingKey: String? {
    get { details.given?.coalescingKey }
    set { details.change { $0.coalescingKey = newValue } }
  }
  /// `nil` stands for `QueueConfiguration.uniqueness`. Without a coalescing key it has no meaning.
  public var uniqueness: UniquenessPolicy? {
    get { details.given?.uniqueness }
    set { details.change { $0.uniqueness = newValue } }
  }
  /// Not to be delivered earlier.
  public var notBefore: Timestamp? {
    get { details.given?.notBefore }
    set { details.change { $0.notBefore = newValue } }
  }
  /// Not to be delivered later; it then ends as `expired`.
  public var expiresAt: Timestamp? {
    get { details.given?.expiresAt }
    set { details.change { $0.expiresAt = newValue } }
  }
  /// Whose operation this is; see `SyncQueue.activate`. Ordering, idempotency and coalescing keys are the namespace's own.
  public var namespace: String? {
    get { details.given?.namespace }
    set { details.change { $0.namespace = newValue } }
  }
  /// Operations that must be gone before this one is delivered, whatever their ordering keys. One that is gone already, or
  /// was never here, counts as gone. Only operations that were enqueued before this one can be named, so no two can wait
  /// for each other.
  public var after: [OperationReference] {
    get { details.given?.after ?? [] }
    // In place, here and below, so that adding to it does not copy what is there.
    _modify {
      var given = details.take()
      defer { details.put(given) }
      yield &given.after
    }
  }
  /// What the payload was before the change, for a resolver that compares three versions; after a conflict, the upstream's version that
  /// it met. An operation that takes the place of a waiting one takes over its base instead: the two changes have become one.
  public var base: [UInt8]? {
    get { details.given?.base }
    _modify {
      var given = details.take()
      defer { details.put(given) }
      yield &given.base
    }
  }
  /// Travels with the operation, for example as HTTP header fields.
  public var headers: [OperationHeader] {
    get { details.given?.headers ?? [] }
    _modify {
      var given = details.take()
      defer { details.put(given) }
      yield &given.headers
    }
  }

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
    let hasDetails =
      orderingKey != nil || idempotencyKey != nil || coalescingKey != nil || uniqueness != nil || notBefore != nil
      || expiresAt != nil || namespace != nil || !after.isEmpty || base != nil || !headers.isEmpty
    guard hasDetails else {
      details = .none
      return
    }
    details = .given(
      GivenDetails(
        orderingKey: orderingKey, idempotencyKey: idempotencyKey, coalescingKey: coalescingKey, uniqueness: uniqueness,
        notBefore: notBefore, expiresAt: expiresAt, namespace: namespace, after: after, base: base, headers: headers))
  }
}

extension NewOperation: CustomReflectable {
  /// Its parts, as of a value that has them in itself: what printing it shows.
  public var customMirror: Mirror {
    Mirror(
      self,
      children: [
        "kind": kind, "version": version, "payload": payload, "priority": priority, "orderingKey": orderingKey as Any,
        "idempotencyKey": idempotencyKey as Any, "coalescingKey": coalescingKey as Any, "uniqueness": uniqueness as Any,
        "notBefore": notBefore as Any, "expiresAt": expiresAt as Any, "namespace": namespace as Any, "after": after,
        "base": base as Any, "headers": headers,
      ], displayStyle: .struct)
  }
}

/// What most operations do not have.
private indirect enum OperationDetails: Hashable, Sendable {
  /// Also where what was given has been taken away again, so that equal operations are equal.
  case none
  case given(GivenDetails)

  var given: GivenDetails? {
    switch self {
    case .none: nil
    case .given(let details): details
    }
  }

  mutating func change(_ body: (inout GivenDetails) -> Void) {
    var details = take()
    body(&details)
    put(details)
  }

  /// What is given, to be changed and put back.
  mutating func take() -> GivenDetails {
    defer { self = .none }
    return given ?? GivenDetails()
  }

  mutating func put(_ details: GivenDetails) {
    self = details == GivenDetails() ? .none : .given(details)
  }
}

private struct GivenDetails: Hashable, Sendable {
  var orderingKey: String?
  var idempotencyKey: String?
  var coalescingKey: String?
  var uniqueness: UniquenessPolicy?
  var notBefore: Timestamp?
  var expiresAt: Timestamp?
  var namespace: String?
  var after: [OperationReference] = []
  var base: [UInt8]?
  var headers: [OperationHeader] = []
}
