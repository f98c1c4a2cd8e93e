public import TomboloPorts

/// Where an operation stands, as found by its idempotency key: also when it is gone, until the retention ends.
public struct OperationStanding: Hashable, Sendable {
  public var id: OperationID
  /// One of the states that are gone, too.
  public var state: OperationState
  /// Why the last attempt failed, as long as the operation is there.
  public var lastFailure: DeliveryFailure?
  /// Why it ended as it did, in words, when it is gone and was not delivered: the reason given by who discarded it, what took
  /// its place, or the last failure it met. `nil` also when nothing is known of why.
  public var detail: String?
  /// The operation as it waits, with the payload that a person or a merge may have given it; `nil` when it is gone.
  public var operation: SyncOperation?

  public init(
    id: OperationID, state: OperationState, lastFailure: DeliveryFailure? = nil, detail: String? = nil,
    operation: SyncOperation? = nil
  ) {
    self.id = id
    self.state = state
    self.lastFailure = lastFailure
    self.detail = detail
    self.operation = operation
  }
}
