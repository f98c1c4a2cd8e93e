import TomboloPorts
import TomboloStorage

/// Where the queue keeps what, in the key space of its store. Every key begins with `q` and one more tag.
///
/// | key | value | there is one |
/// |---|---|---|
/// | `o` id | `OperationRecord` | for each operation that is not gone |
/// | `s` id | `ProgressRecord` | once an attempt failed, or it was parked or dead-lettered |
/// | `r` priority id | nothing | for each operation that could be delivered now: the head of its ordering key, due |
/// | `d` time id | `WaitRecord` | for each head that waits for its `notBefore` |
/// | `w` time id | `WaitRecord` | for each head that waits for its backoff |
/// | `x` state id | nothing | for each that is parked or dead-lettered |
/// | `h` ordering key | `OrderingKeyRecord` | for each ordering key with operations in line |
/// | `k` ordering key id | `LineRecord` | for each operation in line for its ordering key |
/// | `g` coalescing key | id | for the newest operation with that coalescing key |
/// | `i` idempotency key | `IdempotencyRecord` | for each idempotency key given by a caller, until its retention ends |
/// | `e` time idempotency key | nothing | for each of those whose operation is gone: when to forget it |
/// | `c` | `QueueCounts` | once |
///
/// So a plain operation costs two puts (`o`, `r`), and two deletes to settle. Each operation in line has exactly one of
/// `r`, `d`, `w`, `x` when it is the head of its ordering key or has none, and none of them when it is blocked.
enum QueueLayout {
  static let tag = UInt8(ascii: "q")

  static let counts = KeyEncoder(tag: tag, UInt8(ascii: "c")).key

  static let operations = KeyRange.prefix(prefix("o"))
  static let scheduled = KeyRange.prefix(prefix("d"))
  static let retrying = KeyRange.prefix(prefix("w"))
  static let forgetting = KeyRange.prefix(prefix("e"))

  static func operation(_ id: OperationID) -> Key { key("o", id) }
  static func progress(_ id: OperationID) -> Key { key("s", id) }

  static func ready(_ priority: OperationPriority, _ id: OperationID) -> Key {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: "r"), priority.rawValue)
    encoder.append(id)
    return encoder.key
  }

  static func readyRange(_ priority: OperationPriority) -> KeyRange {
    .prefix(KeyEncoder(tag: tag, UInt8(ascii: "r"), priority.rawValue).key)
  }

  static func scheduled(_ due: Timestamp, _ id: OperationID) -> Key { key("d", due, id) }
  static func retrying(_ due: Timestamp, _ id: OperationID) -> Key { key("w", due, id) }

  static func held(_ disposition: HeldDisposition, _ id: OperationID) -> Key {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: "x"), disposition.rawValue)
    encoder.append(id)
    return encoder.key
  }

  static func heldRange(_ disposition: HeldDisposition) -> KeyRange {
    .prefix(KeyEncoder(tag: tag, UInt8(ascii: "x"), disposition.rawValue).key)
  }

  static func orderingKey(_ name: OrderingKey) -> Key { key("h", name.stored) }

  static func inLine(_ name: OrderingKey, _ id: OperationID) -> Key {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: "k"))
    encoder.append(name.stored)
    encoder.append(id)
    return encoder.key
  }

  static func lineRange(_ name: OrderingKey) -> KeyRange { .prefix(key("k", name.stored)) }

  static func coalescing(_ name: String) -> Key { key("g", name) }
  static func idempotency(_ name: String) -> Key { key("i", name) }

  static func forgetting(_ time: Timestamp, _ name: String) -> Key {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: "e"))
    encoder.append(time)
    encoder.append(name)
    return encoder.key
  }

  /// The identifier a key ends with.
  static func trailingID(_ key: Key) -> OperationID? {
    guard key.bytes.count >= 16 else { return nil }
    var decoder = KeyDecoder(key, skipping: key.bytes.count - 16)
    return decoder.operationID()
  }

  /// The time a key of `d`, `w` or `e` begins with.
  static func leadingTime(_ key: Key) -> Timestamp? {
    var decoder = KeyDecoder(key, skipping: 2)
    return decoder.timestamp()
  }

  private static func prefix(_ index: Unicode.Scalar) -> Key {
    KeyEncoder(tag: tag, UInt8(ascii: index)).key
  }

  private static func key(_ index: Unicode.Scalar, _ id: OperationID) -> Key {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: index))
    encoder.append(id)
    return encoder.key
  }

  private static func key(_ index: Unicode.Scalar, _ name: String) -> Key {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: index))
    encoder.append(name)
    return encoder.key
  }

  private static func key(_ index: Unicode.Scalar, _ time: Timestamp, _ id: OperationID) -> Key {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: index))
    encoder.append(time)
    encoder.append(id)
    return encoder.key
  }
}

/// What an operation is held for; the raw value stands in keys.
enum HeldDisposition: UInt8, Sendable {
  case parked = 0x50
  case deadLettered = 0x44
}

/// The ordering key that is in force for an operation: its own, or one made of its coalescing key, so that the operation
/// that follows one being delivered does not overtake it.
struct OrderingKey: Hashable, Sendable {
  /// How it stands in keys of the store.
  let stored: String

  init(stored: String) {
    self.stored = stored
  }

  init?(of operation: SyncOperation) {
    self.init(orderingKey: operation.orderingKey, coalescingKey: operation.coalescingKey)
  }

  init?(orderingKey: String?, coalescingKey: String?) {
    if let orderingKey {
      stored = "o" + orderingKey
    } else if let coalescingKey {
      stored = "c" + coalescingKey
    } else {
      return nil
    }
  }
}
