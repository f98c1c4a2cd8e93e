public import TomboloPorts

/// What became of an enqueue. Whatever the case, the operation named by `id` is durable.
public struct EnqueueReceipt: Hashable, Sendable {
  public enum Disposition: Hashable, Sendable {
    case added
    /// The idempotency key was known: nothing was added, `id` is the operation it stands for.
    case repeated
    /// Added in place of this waiting operation with the same coalescing key.
    case replaced(OperationID)
    /// Added in place of this waiting operation with the same coalescing key, with the payloads of both merged.
    case merged(OperationID)
    /// Nothing was added: `id` is the operation with the same coalescing key that waits.
    case kept
    /// Added behind this operation with the same coalescing key.
    case appended(OperationID)
  }

  public var id: OperationID
  /// Its state at that moment.
  public var state: OperationState
  public var disposition: Disposition
  /// What had to go so that there was room, by the limit policy of the queue; told as `discarded` with `dropLowest`, and as
  /// `superseded` with `coalesce`.
  public var dropped: [OperationID]

  public init(id: OperationID, state: OperationState, disposition: Disposition, dropped: [OperationID] = []) {
    self.id = id
    self.state = state
    self.disposition = disposition
    self.dropped = dropped
  }
}
