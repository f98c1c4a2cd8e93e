/// The answer to `GET /v1/status`.
public struct WireStatus: Hashable, Sendable, Codable {
  public var network: WireNetworkStatus
  public var queue: WireQueueStatus
  public var storage: StorageDescription
  /// The policies around the delivery; `null` when there are none.
  public var resilience: WireResilience?

  /// Writes every key, as `null` where there is nothing.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(network, forKey: .network)
    try container.encode(queue, forKey: .queue)
    try container.encode(storage, forKey: .storage)
    try container.encode(resilience, forKey: .resilience)
  }
}

/// How much there is in each state.
public struct WireQueueStatus: Hashable, Sendable, Codable {
  public var pending: Int
  public var delivering: Int
  public var retrying: Int
  public var blocked: Int
  public var parked: Int
  public var deadLettered: Int
  /// Since the store was made, as are the next three.
  public var delivered: Int
  public var discarded: Int
  public var expired: Int
  public var superseded: Int
  /// How long the longest waiting operation has been waiting; `null` when none is.
  public var oldestPendingSeconds: Double?
  /// Payload bytes of everything that is not gone.
  public var bytes: Int
  /// Since when nothing has moved although something is due and the network is there; left out while all is well.
  public var stalledSince: WireTimestamp?

  /// Writes every key but the last, as `null` where there is nothing.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(pending, forKey: .pending)
    try container.encode(delivering, forKey: .delivering)
    try container.encode(retrying, forKey: .retrying)
    try container.encode(blocked, forKey: .blocked)
    try container.encode(parked, forKey: .parked)
    try container.encode(deadLettered, forKey: .deadLettered)
    try container.encode(delivered, forKey: .delivered)
    try container.encode(discarded, forKey: .discarded)
    try container.encode(expired, forKey: .expired)
    try container.encode(superseded, forKey: .superseded)
    try container.encode(oldestPendingSeconds, forKey: .oldestPendingSeconds)
    try container.encode(bytes, forKey: .bytes)
    try container.encodeIfPresent(stalledSince, forKey: .stalledSince)
  }
}

/// Where operations are kept.
public struct StorageDescription: Hashable, Sendable, Codable {
  /// The engine, as the config names it: `sqlite`.
  public var type: String
  /// Its folder; `nil` when it has none.
  public var path: String?
  /// Which engine would suit better, why, and how to move; left out when there is nothing to say.
  public var advice: String?

  /// Describes a store for the status.
  public init(type: String, path: String?, advice: String? = nil) {
    self.type = type
    self.path = path
    self.advice = advice
  }

  /// Writes type and path, as `null` where there is none.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type, forKey: .type)
    try container.encode(path, forKey: .path)
    try container.encodeIfPresent(advice, forKey: .advice)
  }
}
