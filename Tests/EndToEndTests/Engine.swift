import Testing

/// The storage engines that outlive their process, by the word of the config.
enum Engine: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case file, sqlite, lmdb

  var testDescription: String { rawValue }
}
