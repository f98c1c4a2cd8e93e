import TomboloPorts
import TomboloStorage

/// Where the queue keeps what, in the key space of its store. Every key begins with `q` and one more tag.
///
/// | key | value | there is one |
/// |---|---|---|
/// | `m` id | `OperationRecord` | for each plain operation (`QueuePlanner.canBeSingle`) that nothing has happened to yet: its single record, which is its entry in the ready index, too, so it has neither an `o` nor an `r` |
/// | `n` | `QueueCounts` | once |
/// | `o` id | `OperationRecord` | for each other operation that is not gone |
/// | `s` id | `ProgressRecord` | once an attempt failed, or it was parked or dead-lettered |
/// | `r` priority id | nothing, or the ordering key | for each other operation that could be delivered now: the head of its ordering key, due |
/// | `d` time id | `WaitRecord` | for each head that waits for its `notBefore` |
/// | `w` time id | `WaitRecord` | for each head that waits for its backoff |
/// | `x` state id | nothing | for each that is parked or dead-lettered |
/// | `z` scope priority id | `WaitRecord` | for each head set aside: its kind, key or namespace does not deliver now |
/// | `b` id | `DependentRecord` | for each operation that waits for others by `after` |
/// | `a` id id | nothing | for each operation of the first identifier that one of the second waits for |
/// | `h` ordering key | `OrderingKeyRecord` | for each ordering key with operations in line |
/// | `k` ordering key id | `LineRecord` | for each operation in line for its ordering key |
/// | `g` coalescing key | id | for the newest operation with that coalescing key |
/// | `i` idempotency key | `IdempotencyRecord` | for each idempotency key given by a caller, until its retention ends |
/// | `e` time idempotency key | nothing | for each of those whose operation is gone: when to forget it |
/// | `f` time id | `WaitRecord` | on a shared store, for each that is being delivered: when its lease ends |
/// | `l` id | `LeaseRecord` | for each of those |
/// | `y` id | `HistoryRecord` | for each that is gone, while history is kept |
/// | `t` time id | nothing | for each of those: when to prune it |
/// | `p` scope | `PauseRecord` | for each pause |
/// | `c` | a mark | once, so that an earlier version, which kept the counts there, does not take the store for an empty queue |
///
/// So a plain operation costs one put (`m`), and one delete to settle. Whatever else becomes of it, a failure, a pause, a lease, parts it
/// into `o` and `r` first (`QueuePlanner.part`). The counts have the key behind: the newest operation and they are mostly in
/// one page of the engine. Each operation in line has exactly one of `m`, `r`, `d`, `w`, `x`, `z`, `f` when it is the head of its
/// ordering key or has none, and none of them when it is blocked. One with a `b` has none of them either, until that is gone.
enum QueueLayout {
  static let tag = UInt8(ascii: "q")

  static let counts = KeyEncoder(tag: tag, UInt8(ascii: "n")).key
  /// Where earlier versions kept the counts.
  static let formerCounts = KeyEncoder(tag: tag, UInt8(ascii: "c")).key

  /// The longest `OperationRecord` that is its entry in the ready index, too: the index is read and kept in memory a thousand entries at a
  /// time, and to part one has to fit into what a settlement may put on a full disk (`Batch.isShrinking`).
  static let singleByteCountMaximum = 768
  static let single = KeyRange.prefix(prefix("m"))
  static func single(_ id: OperationID) -> Key { key("m", id) }

  static let operations = KeyRange.prefix(prefix("o"))
  static let scheduled = KeyRange.prefix(prefix("d"))
  static let retrying = KeyRange.prefix(prefix("w"))
  static let forgetting = KeyRange.prefix(prefix("e"))

  static func operation(_ id: OperationID) -> Key { key("o", id) }
  static func progress(_ id: OperationID) -> Key { key("s", id) }

  static func ready(_ priority: OperationPriority, _ id: OperationID) -> Key {
    key("r", priority.rawValue, id)
  }

  static func readyRange(_ priority: OperationPriority) -> KeyRange {
    .prefix(KeyEncoder(tag: tag, UInt8(ascii: "r"), priority.rawValue).key)
  }

  /// All that is ready with this priority.
  static func readyRanges(_ priority: OperationPriority) -> [KeyRange] {
    priority == .normal ? [single, readyRange(priority)] : [readyRange(priority)]
  }

  /// The key behind that of this operation, in a range of the ready index.
  static func key(after id: OperationID, in range: KeyRange) -> Key {
    Key(range.lower.bytes + id.bytes + [0])
  }

  static func scheduled(_ due: Timestamp, _ id: OperationID) -> Key { key("d", due, id) }
  static func retrying(_ due: Timestamp, _ id: OperationID) -> Key { key("w", due, id) }

  static func held(_ disposition: HeldDisposition, _ id: OperationID) -> Key {
    key("x", disposition.rawValue, id)
  }

  static func heldRange(_ disposition: HeldDisposition) -> KeyRange {
    .prefix(KeyEncoder(tag: tag, UInt8(ascii: "x"), disposition.rawValue).key)
  }

  static let leased = KeyRange.prefix(prefix("f"))
  static func leased(_ until: Timestamp, _ id: OperationID) -> Key { key("f", until, id) }
  static let leases = KeyRange.prefix(prefix("l"))
  static func lease(_ id: OperationID) -> Key { key("l", id) }

  static let aside = KeyRange.prefix(prefix("z"))

  static func aside(_ scope: AsideScope, _ priority: OperationPriority, _ id: OperationID) -> Key {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: "z"))
    encoder.append(scope.stored)
    encoder.append(tag: priority.rawValue)
    encoder.append(id)
    return encoder.key
  }

  static func asideRange(_ scope: AsideScope) -> KeyRange { .prefix(key("z", scope.stored)) }

  /// What a key of `z` begins with.
  static func asideScope(_ key: Key) -> AsideScope? {
    var decoder = KeyDecoder(key, skipping: 2)
    return decoder.string().flatMap { AsideScope(stored: $0) }
  }

  static let histories = KeyRange.prefix(prefix("y"))
  static func history(_ id: OperationID) -> Key { key("y", id) }
  static let pruning = KeyRange.prefix(prefix("t"))
  static func pruning(_ time: Timestamp, _ id: OperationID) -> Key { key("t", time, id) }

  static func dependent(_ id: OperationID) -> Key { key("b", id) }

  static func dependency(of dependent: OperationID, on id: OperationID) -> Key {
    var encoder = KeyEncoder(tag: tag, UInt8(ascii: "a"))
    encoder.append(id)
    encoder.append(dependent)
    return encoder.key
  }

  static func dependents(on id: OperationID) -> KeyRange { .prefix(key("a", id)) }

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

  /// A name within its namespace. Names have no control characters, so no two become one.
  static func name(_ name: String, in namespace: String?) -> String {
    namespace.map { "\u{1}\($0)\u{1}\(name)" } ?? name
  }

  /// A name and its namespace.
  static func split(_ name: String) -> (name: String, namespace: String?) {
    guard name.first == "\u{1}" else { return (name, nil) }
    let parts = name.dropFirst().split(separator: "\u{1}", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return (name, nil) }
    return (String(parts[1]), String(parts[0]))
  }

  static let pauses = KeyRange.prefix(prefix("p"))
  static func pause(_ scope: Pause.Scope) -> Key { key("p", scope.stored) }

  /// What a key of `p` is about.
  static func pauseScope(_ key: Key) -> Pause.Scope? {
    var decoder = KeyDecoder(key, skipping: 2)
    return decoder.string().flatMap { Pause.Scope(stored: $0) }
  }

  /// The identifier a key ends with.
  static func trailingID(_ key: Key) -> OperationID? {
    guard key.bytes.count >= 16 else { return nil }
    var decoder = KeyDecoder(key, skipping: key.bytes.count - 16)
    return decoder.operationID()
  }

  /// The time a key of `d`, `w`, `e`, `f` or `t` begins with.
  static func leadingTime(_ key: Key) -> Timestamp? {
    var decoder = KeyDecoder(key, skipping: 2)
    return decoder.timestamp()
  }

  private static func prefix(_ index: Unicode.Scalar) -> Key {
    KeyEncoder(tag: tag, UInt8(ascii: index)).key
  }

  // Several of these are made for each operation. They are literals because an array of a given length is made by generic code of the
  // standard library, which looks for its own type each time: three times the instructions.

  private static func key(_ index: Unicode.Scalar, _ id: OperationID) -> Key {
    let (high, low) = (id.high, id.low)
    return Key([
      tag, UInt8(ascii: index),
      byte(high, 7), byte(high, 6), byte(high, 5), byte(high, 4), byte(high, 3), byte(high, 2), byte(high, 1),
      byte(high, 0),
      byte(low, 7), byte(low, 6), byte(low, 5), byte(low, 4), byte(low, 3), byte(low, 2), byte(low, 1), byte(low, 0),
    ])
  }

  private static func key(_ index: Unicode.Scalar, _ level: UInt8, _ id: OperationID) -> Key {
    let (high, low) = (id.high, id.low)
    return Key([
      tag, UInt8(ascii: index), level,
      byte(high, 7), byte(high, 6), byte(high, 5), byte(high, 4), byte(high, 3), byte(high, 2), byte(high, 1),
      byte(high, 0),
      byte(low, 7), byte(low, 6), byte(low, 5), byte(low, 4), byte(low, 3), byte(low, 2), byte(low, 1), byte(low, 0),
    ])
  }

  /// The byte that has `place` lower ones below it.
  @inline(__always)
  private static func byte(_ number: UInt64, _ place: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: number >> (8 * place))
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
