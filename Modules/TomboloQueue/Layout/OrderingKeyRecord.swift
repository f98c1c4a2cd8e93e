import TomboloPorts
import TomboloStorage

/// The line of one ordering key: who is at its head, where the head's index entry is, and how many of which priority
/// stand in it.
struct OrderingKeyRecord: Hashable, Sendable {
  var head: OperationID
  var place: HeadPlace
  /// How many operations of each priority are in line, the head included; indexed by raw value.
  var countByPriority: [Int]
  /// Whether one in line may count with a higher priority than its own, because others wait for it: its `LineRecord` tells.
  var hasLifted = false

  /// Version 2 has the places `z`, `f` and `b`; without them it is written as version 1. Version 3 is written when `hasLifted`.
  private static let newestVersion: UInt8 = 3

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
    let version: UInt8 =
      switch place {
      case .ready, .scheduled, .retrying, .held: 1
      case .aside, .leased, .dependent: 2
      }
    var record = RecordEncoder(version: hasLifted ? 3 : version)
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
    case .aside(let scope, let priority):
      record.append(UInt8(ascii: "z"))
      record.append(priority.rawValue)
      record.append(scope.stored)
    case .leased(let until):
      record.append(UInt8(ascii: "f"))
      record.append(until)
    case .dependent:
      record.append(UInt8(ascii: "b"))
    }
    for count in countByPriority { record.append(UInt64(count)) }
    return record.sealed()
  }

  init(_ value: [UInt8]) throws(RecordError) {
    var record = try RecordDecoder(value, newestVersion: Self.newestVersion)
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
    case UInt8(ascii: "z"):
      guard let priority = OperationPriority(rawValue: try record.byte()),
        let scope = AsideScope(stored: try record.string())
      else { throw .damaged("the head of a line is set aside for an unknown reason") }
      place = .aside(scope, priority)
    case UInt8(ascii: "f"): place = .leased(until: try record.timestamp())
    case UInt8(ascii: "b"): place = .dependent
    default: throw .damaged("the head of a line is in an unknown place")
    }
    countByPriority = []
    for _ in OperationPriority.allCases { countByPriority.append(try record.count()) }
    hasLifted = record.version >= 3
  }
}
