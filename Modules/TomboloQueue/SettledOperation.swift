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

/// Which operations of a history a listing is about; `nil` means any.
public struct HistoryFilter: Hashable, Sendable {
  /// Delivered, discarded, expired or superseded.
  public var state: OperationState?
  public var kind: String?

  public init(state: OperationState? = nil, kind: String? = nil) {
    self.state = state
    self.kind = kind
  }

  func matches(_ operation: SettledOperation) -> Bool {
    if let state, operation.state != state { return false }
    if let kind, operation.kind != kind { return false }
    return true
  }
}

/// One page of a history.
public struct HistoryPage: Hashable, Sendable {
  public var operations: [SettledOperation]
  /// Where the next page begins; `nil` on the last one. A page may be short, even empty, before the last: what is read for
  /// one page is bounded.
  public var cursor: OperationID?
}
