/// Whether bytes are JSON as the interface takes it: strict RFC 8259, in UTF-8 without a byte order mark.
///
/// Foundation's reader also takes UTF-16 and byte order marks, which would break the document they are put into.
package enum JSONCheck {
  /// What is wrong and where, such as `expected a value at line 1, column 3`; `nil` when `bytes` are one JSON value.
  package static func problem(in bytes: [UInt8]) -> String? {
    var scanner = JSONScanner(bytes)
    do {
      _ = try scanner.skipValue()
      try scanner.end()
      return nil
    } catch {
      return "\(error)"
    }
  }
}
