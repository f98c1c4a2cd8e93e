import TomboloPorts

extension StoreDurability {
  /// The value of SQLite's `synchronous` pragma that gives this level with a write-ahead log.
  var synchronous: String {
    switch self {
    case .full: "FULL"
    case .normal: "NORMAL"
    case .none: "OFF"
    }
  }
}
