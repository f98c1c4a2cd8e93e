/// What a commit of a `SQLiteStore` has reached when it returns.
public enum SQLiteDurability: String, Hashable, Sendable, CaseIterable {
  /// The disk: it survives a power cut. Every commit waits for the disk once (`synchronous=FULL`).
  case full
  /// The operating system: it survives the end of the process; a power cut may take the last commits, never the order
  /// among them (`synchronous=NORMAL`).
  case normal
  /// The operating system, and a power cut may damage the database (`synchronous=OFF`). For data that can be made again.
  case none

  /// The value of SQLite's `synchronous` pragma.
  var synchronous: String {
    switch self {
    case .full: "FULL"
    case .normal: "NORMAL"
    case .none: "OFF"
    }
  }
}
