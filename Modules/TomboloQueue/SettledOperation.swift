public import TomboloPorts

/// How an operation ended that is gone.
public struct SettledOperation: Hashable, Sendable {
  public var id: OperationID
  public var kind: String
  /// Delivered, discarded, expired or superseded.
  public var state: OperationState
  public var endedAt: Timestamp
  /// Attempts that counted, the one that delivered it included.
  public var attemptCount: Int
  /// Why it ended so, in words: the reason given by who discarded it, or the last failure it met.
  public var detail: String?
  /// With `superseded`: what took its place.
  public var supersededBy: OperationID?

  init(id: OperationID, _ record: HistoryRecord) {
    self.id = id
    kind = record.kind
    state = record.end
    endedAt = record.endedAt
    attemptCount = record.attemptCount
    detail = record.detail
    supersededBy = record.supersededBy
  }
}
