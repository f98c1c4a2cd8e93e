import TomboloPorts
import TomboloStorage

/// How many operations one still waits for, and what is needed to let it go without reading it.
struct DependentRecord: Hashable, Sendable {
  var remainingCount: Int
  var priority: OperationPriority
  var notBefore: Timestamp?
  var orderingKey: OrderingKey?

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: 1, capacity: 32)
    record.append(UInt64(remainingCount))
    record.append(priority.rawValue)
    record.append(UInt8((notBefore == nil ? 0 : 1) | (orderingKey == nil ? 0 : 2)))
    if let notBefore { record.append(notBefore) }
    if let orderingKey { record.append(orderingKey.stored) }
    return record.sealed()
  }

  init(remainingCount: Int, priority: OperationPriority, notBefore: Timestamp?, orderingKey: OrderingKey?) {
    self.remainingCount = remainingCount
    self.priority = priority
    self.notBefore = notBefore
    self.orderingKey = orderingKey
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: 1)
    remainingCount = try record.count()
    guard let priority = OperationPriority(rawValue: try record.byte()) else {
      throw .damaged("a dependent operation has an unknown priority")
    }
    self.priority = priority
    let presence = try record.byte()
    notBefore = presence & 1 == 0 ? nil : try record.timestamp()
    orderingKey = presence & 2 == 0 ? nil : OrderingKey(stored: try record.string())
  }
}
