public import TomboloPorts

/// Where an operation stands, as found by its idempotency key: also when it is gone, until the retention ends.
public struct OperationStanding: Hashable, Sendable {
  public var id: OperationID
  /// One of the states that are gone, too.
  public var state: OperationState
  /// Why the last attempt failed, as long as the operation is there.
  public var lastFailure: DeliveryFailure?

  public init(id: OperationID, state: OperationState, lastFailure: DeliveryFailure? = nil) {
    self.id = id
    self.state = state
    self.lastFailure = lastFailure
  }
}
