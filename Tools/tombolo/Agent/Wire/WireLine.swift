/// What waits for one ordering key, as `GET /v1/line` tells of it: enough for the badge beside a document.
public struct WireLine: Hashable, Sendable, Codable {
  public var orderingKey: String
  public var namespace: String?
  /// How many are not settled, the one being delivered included.
  public var count: Int
  /// The one that is delivered first; `null` when there is none.
  public var head: WireOperation?

  /// Writes every key, as `null` where there is nothing.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(orderingKey, forKey: .orderingKey)
    try container.encode(namespace, forKey: .namespace)
    try container.encode(count, forKey: .count)
    try container.encode(head, forKey: .head)
  }
}
