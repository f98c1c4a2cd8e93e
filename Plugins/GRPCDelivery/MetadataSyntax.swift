import TomboloPorts

/// What gRPC allows in the names and values of metadata ("gRPC over HTTP2", section "Requests").
enum MetadataSyntax {
  /// Marks values that are bytes.
  static let binarySuffix = "-bin"

  /// Whether `name`, once in lower case, can be the name of an entry.
  static func isName(_ name: String) -> Bool {
    !name.isEmpty && HeaderName.folded(name).utf8.allSatisfy(isNameByte)
  }

  /// Whether `value` can be sent as text and arrives as it was sent: printable ASCII, and no space at either end, where
  /// receivers may drop it.
  static func isText(_ value: String) -> Bool {
    value.utf8.allSatisfy { (0x20...0x7E).contains($0) } && value.utf8.first != 0x20 && value.utf8.last != 0x20
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
  }
}
