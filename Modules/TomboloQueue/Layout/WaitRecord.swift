import TomboloPorts
import TomboloStorage

/// What an entry of `d`, `w` or `z` knows of its operation, so that it can be made ready without reading it.
struct WaitRecord: Hashable, Sendable {
  var priority: OperationPriority
  var orderingKey: OrderingKey?
  /// Whether it counts as `retrying` (an attempt failed) and not as `pending`.
  var isRetrying: Bool

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: 1, capacity: 32)
    record.append(priority.rawValue)
    record.append(UInt8(isRetrying ? 1 : 0))
    record.append(UInt8(orderingKey == nil ? 0 : 1))
    if let orderingKey { record.append(orderingKey.stored) }
    return record.sealed()
  }

  init(priority: OperationPriority, orderingKey: OrderingKey?, isRetrying: Bool) {
    self.priority = priority
    self.orderingKey = orderingKey
    self.isRetrying = isRetrying
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: 1)
    guard let priority = OperationPriority(rawValue: try record.byte()) else {
      throw .damaged("a waiting operation has an unknown priority")
    }
    self.priority = priority
    isRetrying = try record.byte() == 1
    orderingKey = try record.byte() == 0 ? nil : OrderingKey(stored: try record.string())
  }
}
