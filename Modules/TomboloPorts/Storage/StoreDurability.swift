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
