import Testing

/// The storage engines that outlive their process, by the word of the config.
enum Engine: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case file, sqlite, lmdb

  var testDescription: String { rawValue }

  /// What `--set` gives an agent that shares its store, so that the other one may be paused in the middle of a commit.
  var settingsWhenShared: [String] {
    ["storage.shared=true"] + (self == .sqlite ? ["storage.busyTimeout=60s"] : [])
  }
}
