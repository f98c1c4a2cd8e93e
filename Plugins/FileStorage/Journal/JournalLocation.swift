/// Where a `FileStore` keeps its files, and how they are named.
struct JournalLocation: Hashable, Sendable {
  /// The folder, without a slash at its end.
  var folder: String

  private static let prefix = "journal-"
  private static let digitCount = 12

  func segment(_ number: UInt64) -> String {
    let digits = String(number)
    return "\(folder)/\(Self.prefix)\(String(repeating: "0", count: max(0, Self.digitCount - digits.count)))\(digits)"
  }

  /// A segment in the making. It gets its name when it is complete, so that a segment without a header is always damage.
  func draft(_ number: UInt64) -> String { segment(number) + ".new" }

  /// The note of how far the journal was acknowledged.
  var acknowledgement: String { "\(folder)/acknowledged" }

  /// Room that is kept for settling.
  var reserve: String { "\(folder)/tombolo.reserve" }

  /// The segment with this file name, or `nil` when it is none.
  func number(of name: String) -> UInt64? {
    guard name.hasPrefix(Self.prefix), let number = UInt64(name.dropFirst(Self.prefix.count)) else { return nil }
    return segment(number) == "\(folder)/\(name)" ? number : nil
  }

  func isDraft(_ name: String) -> Bool {
    name.hasPrefix(Self.prefix) && name.hasSuffix(".new")
  }
}
