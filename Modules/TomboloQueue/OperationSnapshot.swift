public import TomboloPorts

/// An operation as it stands at one moment.
public struct OperationSnapshot: Hashable, Sendable {
  public var operation: SyncOperation
  public var state: OperationState
  /// Attempts that counted.
  public var attemptCount: Int
  public var lastFailure: DeliveryFailure?
  public var lastFailureAt: Timestamp?
  /// When it is due, if it waits for a time.
  public var dueAt: Timestamp?
  /// With `blocked`: the operation of its ordering key that is delivered first.
  public var behind: OperationID?
  /// With `blocked`: the operations named by `after` that are not gone.
  public var awaiting: [OperationID]
  /// With `parked`: the upstream's version that a person has to decide about; see `SyncQueue.resolve`.
  public var conflict: RemoteVersion?
  /// With `delivering`, in the process that delivers it: the last its handler reported.
  public var progress: DeliveryProgress?

  public init(
    operation: SyncOperation, state: OperationState, attemptCount: Int, lastFailure: DeliveryFailure? = nil,
    lastFailureAt: Timestamp? = nil, dueAt: Timestamp? = nil, behind: OperationID? = nil,
    awaiting: [OperationID] = [], conflict: RemoteVersion? = nil
  ) {
    self.operation = operation
    self.state = state
    self.attemptCount = attemptCount
    self.lastFailure = lastFailure
    self.lastFailureAt = lastFailureAt
    self.dueAt = dueAt
    self.behind = behind
    self.awaiting = awaiting
    self.conflict = conflict
  }
}

/// Which operations a listing is about; `nil` means any.
public struct OperationFilter: Hashable, Sendable {
  public var state: OperationState?
  public var kind: String?
  public var orderingKey: String?
  public var namespace: String?

  public init(
    state: OperationState? = nil, kind: String? = nil, orderingKey: String? = nil, namespace: String? = nil
  ) {
    self.state = state
    self.kind = kind
    self.orderingKey = orderingKey
    self.namespace = namespace
  }

  func matches(_ snapshot: OperationSnapshot) -> Bool {
    if let state, snapshot.state != state { return false }
    if let kind, snapshot.operation.kind != kind { return false }
    if let orderingKey, snapshot.operation.orderingKey != orderingKey { return false }
    if let namespace, snapshot.operation.namespace != namespace { return false }
    return true
  }
}

/// One page of a listing.
public struct OperationPage: Hashable, Sendable {
  public var snapshots: [OperationSnapshot]
  /// Where the next page begins; `nil` on the last one. A page may be short, even empty, before the last: what is read for
  /// one page is bounded.
  public var cursor: OperationID?
}
