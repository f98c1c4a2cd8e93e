import TomboloPorts
public import TomboloQueue

/// How an operation ended, as `GET /v1/history` tells of it.
public struct WireSettledOperation: Hashable, Sendable, Codable {
  public var id: String
  public var kind: String
  /// `delivered`, `discarded`, `expired` or `superseded`.
  public var state: String
  public var enqueuedAt: WireTimestamp
  public var endedAt: WireTimestamp
  /// How many attempts counted, the one that delivered it included.
  public var attempts: Int
  /// Why it ended so: the reason of who discarded it, or the last failure it met.
  public var detail: String?
  /// With `superseded`: what took its place.
  public var supersededBy: String?

  /// What this operation is on the wire.
  public init(_ operation: SettledOperation) {
    id = operation.id.description
    kind = operation.kind
    state = operation.state.rawValue
    enqueuedAt = WireTimestamp(operation.id.timestamp)
    endedAt = WireTimestamp(operation.endedAt)
    attempts = operation.attemptCount
    detail = operation.detail
    supersededBy = operation.supersededBy?.description
  }

  /// Writes every key, as `null` where there is nothing.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(kind, forKey: .kind)
    try container.encode(state, forKey: .state)
    try container.encode(enqueuedAt, forKey: .enqueuedAt)
    try container.encode(endedAt, forKey: .endedAt)
    try container.encode(attempts, forKey: .attempts)
    try container.encode(detail, forKey: .detail)
    try container.encode(supersededBy, forKey: .supersededBy)
  }
}

/// One page of `GET /v1/history`, the operation that was enqueued last first.
public struct WireHistoryPage: Hashable, Sendable, Codable {
  public var operations: [WireSettledOperation]
  /// What to ask the next page with (`?cursor=`); `null` on the last one. A page may be short before the last.
  public var cursor: String?

  /// What this page is on the wire.
  public init(_ page: HistoryPage) {
    operations = page.operations.map { WireSettledOperation($0) }
    cursor = page.cursor?.description
  }

  /// Writes every key, as `null` where there is nothing.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(operations, forKey: .operations)
    try container.encode(cursor, forKey: .cursor)
  }
}
