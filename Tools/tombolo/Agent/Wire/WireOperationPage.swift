/// One page of `GET /v1/operations`, oldest operation first.
public struct WireOperationPage: Hashable, Sendable, Codable {
  public var operations: [WireOperation]
  /// What to ask the next page with (`?cursor=`); `null` on the last one. A page may be short before the last.
  public var cursor: String?

  /// Writes every key, as `null` where there is nothing.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(operations, forKey: .operations)
    try container.encode(cursor, forKey: .cursor)
  }
}
