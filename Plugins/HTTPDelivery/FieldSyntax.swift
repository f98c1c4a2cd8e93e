/// What HTTP allows in the names and values of header fields (RFC 9110, sections 5.1 and 5.5).
enum FieldSyntax {
  /// Whether `name` is a token.
  static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy(isTokenByte)
  }

  /// Whether `value` can be sent: no control characters but the tab. A line break here would let whoever chose the value
  /// write header fields, or a whole request, of their own.
  static func isValue(_ value: String) -> Bool {
    value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
  }

  /// Whether `value` also arrives as it was sent: receivers drop white space at both ends, and two keys that differ in
  /// nothing else would become one.
  static func isFaithfulValue(_ value: String) -> Bool {
    isValue(value) && trimmed(value).utf8.count == value.utf8.count
  }

  /// Without spaces and tabs at both ends.
  static func trimmed(_ text: String) -> String {
    let bytes = text.utf8
    guard let first = bytes.firstIndex(where: { $0 != 0x20 && $0 != 0x09 }),
      let last = bytes.lastIndex(where: { $0 != 0x20 && $0 != 0x09 })
    else { return "" }
    return String(text[first...last])
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
