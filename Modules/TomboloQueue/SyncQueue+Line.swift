import TomboloPorts

/// What waits for one ordering key, for the badge beside a document.
public struct LineStatus: Hashable, Sendable {
  /// How many are not settled, the one being delivered included. Those held for a person stand in line only with the policy
  /// `block`.
  public var count: Int
  /// The one that is delivered first.
  public var head: OperationSnapshot?

  /// Whether everything of this key has reached the outside, or waits for a person beside the line.
  public var isEmpty: Bool { count == 0 }
}

extension SyncQueue {
  /// What waits for an ordering key. Costs the same however long the line is.
  public func line(_ orderingKey: String, namespace: String? = nil) async throws -> LineStatus {
    let key = OrderingKey(stored: "o" + QueueLayout.name(orderingKey, in: namespace))
    guard let record = try await store.get(QueueLayout.orderingKey(key)) else { return LineStatus(count: 0, head: nil) }
    let line: OrderingKeyRecord
    do {
      line = try OrderingKeyRecord(record.value)
    } catch {
      throw QueueError(.damaged, "the line of the ordering key \(orderingKey) cannot be read: \(error)")
    }
    return LineStatus(count: line.countByPriority.reduce(0, +), head: try await snapshot(line.head))
  }
}
