/// When something was written, so that every device orders two writings alike: the time of a wall clock, a counter for what
/// that clock cannot tell apart, and who wrote it, which breaks ties.
///
/// As text it is `milliseconds-counter-node`, such as `1790000000000-3-phone`; it travels with an operation in the header
/// `Tombolo-Written`. The idea is that of Kulkarni and others (2014), "Logical physical clocks".
public struct HybridTimestamp: Hashable, Sendable {
  /// The header of an operation that carries it.
  public static let headerName = "Tombolo-Written"

  public var time: Timestamp
  public var counter: UInt32
  /// The name of the writer. Empty when it is not known.
  public var node: String

  public init(time: Timestamp, counter: UInt32 = 0, node: String = "") {
    self.time = time
    self.counter = counter
    self.node = node
  }

  /// Reads the text form; `nil` when it is none.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let milliseconds = Int64(parts[0]), let counter = UInt32(parts[1]), milliseconds >= 0
    else { return nil }
    self.init(time: Timestamp(millisecondsSinceEpoch: milliseconds), counter: counter, node: String(parts[2]))
  }
}

extension HybridTimestamp: Comparable {
  /// By time, then counter, then name: total, and the same everywhere.
  public static func < (left: HybridTimestamp, right: HybridTimestamp) -> Bool {
    if left.time != right.time { return left.time < right.time }
    if left.counter != right.counter { return left.counter < right.counter }
    return left.node.utf8.lexicographicallyPrecedes(right.node.utf8)
  }
}

extension HybridTimestamp: CustomStringConvertible {
  public var description: String { "\(max(0, time.millisecondsSinceEpoch))-\(counter)-\(node)" }
}

extension SyncOperation {
  /// When it was written: as its header says, or else when it was enqueued.
  public var written: HybridTimestamp {
    let header = headers.last { $0.name == HybridTimestamp.headerName }
    return header.flatMap { HybridTimestamp($0.value) } ?? HybridTimestamp(time: enqueuedAt)
  }
}
