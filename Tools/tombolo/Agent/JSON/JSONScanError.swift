/// Why bytes are not the JSON that was expected, and where.
struct JSONScanError: Error, Hashable {
  /// What is wrong there, as the end of a sentence: `expected a comma or a closing brace`.
  var message: String
  /// How many bytes come before the place.
  var offset: Int
  /// Counted from 1; the column in bytes, as editors and compilers count.
  var line: Int
  var column: Int

  init(_ message: String, at offset: Int, in bytes: [UInt8]) {
    self.message = message
    self.offset = offset
    let before = bytes.prefix(offset)
    line = 1 + before.count { $0 == UInt8(ascii: "\n") }
    column = offset - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
  }
}

extension JSONScanError: CustomStringConvertible {
  var description: String { "\(message) at line \(line), column \(column)" }
}
