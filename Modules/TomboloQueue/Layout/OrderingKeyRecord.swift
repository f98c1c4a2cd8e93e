import TomboloPorts
import TomboloStorage

/// The line of one ordering key: who is at its head, where the head's index entry is, and how many of which priority
/// stand in it.
struct OrderingKeyRecord: Hashable, Sendable {
  var head: OperationID
  var place: HeadPlace
  /// How many operations of each priority are in line, the head included; indexed by raw value.
  var countByPriority: [Int]

  private static let version: UInt8 = 1

  init(head: OperationID, place: HeadPlace) {
    self.head = head
    self.place = place
    countByPriority = [Int](repeating: 0, count: OperationPriority.allCases.count)
  }

  var isEmpty: Bool { countByPriority.allSatisfy { $0 == 0 } }

  /// The highest priority in line: the head takes it over (priority inheritance).
  var inheritedPriority: OperationPriority {
    OperationPriority.allCases.first { countByPriority[Int($0.rawValue)] > 0 } ?? .background
  }

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: Self.version)
    record.append(head)
    switch place {
    case .ready(let priority):
      record.append(UInt8(ascii: "r"))
      record.append(priority.rawValue)
    case .scheduled(let due):
      record.append(UInt8(ascii: "d"))
      record.append(due)
    case .retrying(let due):
      record.append(UInt8(ascii: "w"))
      record.append(due)
    case .held(let disposition):
      record.append(UInt8(ascii: "x"))
      record.append(disposition.rawValue)
    }
    for count in countByPriority { record.append(UInt64(count)) }
    return record.sealed()
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: Self.version)
    head = try record.operationID()
    switch try record.byte() {
    case UInt8(ascii: "r"):
      guard let priority = OperationPriority(rawValue: try record.byte()) else {
        throw .damaged("a line has an unknown priority")
      }
      place = .ready(priority)
    case UInt8(ascii: "d"): place = .scheduled(try record.timestamp())
    case UInt8(ascii: "w"): place = .retrying(try record.timestamp())
    case UInt8(ascii: "x"):
      guard let disposition = HeldDisposition(rawValue: try record.byte()) else {
        throw .damaged("the head of a line is held for an unknown reason")
      }
      place = .held(disposition)
    default: throw .damaged("the head of a line is in an unknown place")
    }
    countByPriority = []
    for _ in OperationPriority.allCases { countByPriority.append(try record.count()) }
  }
}

/// Which index an operation's entry is in.
enum HeadPlace: Hashable, Sendable {
  case ready(OperationPriority)
  case scheduled(Timestamp)
  case retrying(Timestamp)
  case held(HeldDisposition)

  func key(_ id: OperationID) -> Key {
    switch self {
    case .ready(let priority): QueueLayout.ready(priority, id)
    case .scheduled(let due): QueueLayout.scheduled(due, id)
    case .retrying(let due): QueueLayout.retrying(due, id)
    case .held(let disposition): QueueLayout.held(disposition, id)
    }
  }
}

/// What the line knows of an operation that stands in it, so that it can be moved to the head without reading it.
struct LineRecord: Hashable, Sendable {
  var priority: OperationPriority
  var notBefore: Timestamp?

  func encoded() -> [UInt8] {
    var record = RecordEncoder(version: 1, capacity: 12)
    record.append(priority.rawValue)
    record.append(UInt8(notBefore == nil ? 0 : 1))
    if let notBefore { record.append(notBefore) }
    return record.sealed()
  }

  init(priority: OperationPriority, notBefore: Timestamp?) {
    self.priority = priority
    self.notBefore = notBefore
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: 1)
    guard let priority = OperationPriority(rawValue: try record.byte()) else {
      throw .damaged("an operation in line has an unknown priority")
    }
    self.priority = priority
    notBefore = try record.byte() == 0 ? nil : try record.timestamp()
  }
}

/// What an entry of `d` or `w` knows of its operation, so that it can be made ready without reading it.
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
