/// What became of one operation: the answer to an enqueue, a retry, a discard. Whatever it says is durable.
public struct WireReceipt: Hashable, Sendable, Codable {
  public var id: String
  /// Its state at that moment.
  public var state: String
  /// `true` when the idempotency key was known, nothing was added, and `id` is the operation it stands for.
  public var repeated: Bool?
  /// The waiting operation with the same coalescing key that this one took the place of.
  public var replaced: String?
}

/// The answer to an enqueue of several operations, in the order they were given.
public struct WireReceipts: Hashable, Sendable, Codable {
  public var operations: [WireReceipt]
}
