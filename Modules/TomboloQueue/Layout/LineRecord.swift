import TomboloPorts
import TomboloStorage

/// What the line knows of an operation that stands in it, so that it can be moved to the head without reading it.
struct LineRecord: Hashable, Sendable {
  var priority: OperationPriority
  var notBefore: Timestamp?
  /// Whether it came with operations to wait for; its `DependentRecord` tells whether it still does. Version 2.
  var hasDependencies = false
  /// Whether it gave way to an older one while it was put off: until when, its progress tells. Version 3.
  var isPutOff = false

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: isPutOff ? 3 : hasDependencies ? 2 : 1, capacity: 12)
    record.append(priority.rawValue)
    record.append(UInt8(notBefore == nil ? 0 : 1))
    if let notBefore { record.append(notBefore) }
    if isPutOff { record.append(UInt8(hasDependencies ? 1 : 0)) }
    return record.sealed()
  }

  init(
    priority: OperationPriority, notBefore: Timestamp?, hasDependencies: Bool = false, isPutOff: Bool = false
  ) {
    self.priority = priority
    self.notBefore = notBefore
    self.hasDependencies = hasDependencies
    self.isPutOff = isPutOff
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: 3)
    guard let priority = OperationPriority(rawValue: try record.byte()) else {
      throw .damaged("an operation in line has an unknown priority")
    }
    self.priority = priority
    notBefore = try record.byte() == 0 ? nil : try record.timestamp()
    isPutOff = record.version >= 3
    hasDependencies = isPutOff ? try record.byte() == 1 : record.version == 2
  }
}
