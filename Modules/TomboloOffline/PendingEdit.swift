public import TomboloPorts

/// An edit that shows here and that the server does not have yet.
public struct PendingEdit: Hashable, Sendable {
  /// The identity of the edit: the idempotency key of its operation.
  public var id: String
  public var kind: String
  /// When it was made.
  public var madeAt: Timestamp
  /// Whether what the server last said has it already, though its answer did not arrive: it does not show twice.
  public var isIncluded = false
  var version: Int
  var namespace: String?
  var payload: [UInt8]
}

/// An edit that came to nothing, and was taken back here.
public struct EditNotice: Hashable, Sendable {
  public var documentType: String
  public var documentID: String
  /// The identity of the edit: the idempotency key of its operation.
  public var editID: String
  public var kind: String
  /// How its operation ended: dead-lettered, discarded, expired, or superseded where a full queue coalesces what waits. `nil`
  /// when that is not known: it ended longer ago than the queue remembers.
  public var end: OperationState?
  /// Why, in words for a person.
  public var reason: String
  public var at: Timestamp
}
