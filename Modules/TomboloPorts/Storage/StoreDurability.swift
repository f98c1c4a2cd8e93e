/// What a commit has reached when it returns. It means the same for every engine.
///
/// At every level a batch is whole or absent, whatever happened: the levels differ only in which commits may be missing.
public enum StoreDurability: String, Hashable, Sendable, CaseIterable {
  /// The disk: it survives a power cut. Every commit waits for the disk before it returns.
  case full
  /// The operating system: it survives the end of the process, `kill -9` included. A power cut may take the newest
  /// commits, never an older one before a newer one, and never leaves the data damaged.
  case normal
  /// The operating system, as with `normal`, but nothing is promised about a power cut: it may leave the data damaged,
  /// which the store then reports. For data that can be made again.
  case none
}

extension StoreDurability: Comparable {
  /// By how much is survived.
  public static func < (left: StoreDurability, right: StoreDurability) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .none: 0
    case .normal: 1
    case .full: 2
    }
  }
}

extension Sequence<Batch> {
  /// What a commit of these batches has to reach, in a store whose commits reach `own` when nothing is asked for.
  ///
  /// No batch may go below `normal`, because the data of others would be at risk; and where the store itself goes below, no
  /// batch can be given more.
  public func durability(own: StoreDurability) -> StoreDurability {
    guard own != .none else { return .none }
    return lazy.map { Swift.max($0.durability ?? own, .normal) }.max() ?? own
  }
}
