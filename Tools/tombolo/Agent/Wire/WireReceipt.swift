/// What became of one operation: the answer to an enqueue, a retry, a discard. Whatever it says is durable.
public struct WireReceipt: Hashable, Sendable, Codable {
  public var id: String
  /// Its state at that moment.
  public var state: String
  /// `true` when the idempotency key was known, nothing was added, and `id` is the operation it stands for.
  public var repeated: Bool?
  /// The waiting operation with the same coalescing key that this one took the place of.
  public var replaced: String?
  /// The waiting operation with the same coalescing key whose payload is in this one.
  public var merged: String?
  /// `true` when nothing was added, because `id`, with the same coalescing key, waits.
  public var kept: Bool?
  /// The operation with the same coalescing key behind which this one waits.
  public var appended: String?
  /// What had to go so that there was room, as the limit policy says.
  public var dropped: [String]?
}

/// The answer to an enqueue of several operations, in the order they were given.
public struct WireReceipts: Hashable, Sendable, Codable {
  public var operations: [WireReceipt]
}
