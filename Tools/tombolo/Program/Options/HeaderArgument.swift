import TomboloPorts

/// A header on the command line: `Name: value`.
enum HeaderArgument {
  /// Letters, digits and these may stand in a name (RFC 9110, section 5.6.2).
  private static let marks = "!#$%&'*+-.^_`|~"

  /// Reads each; throws for the first that is none, and for a name that comes twice.
  static func parse(_ texts: [String]) throws(CommandError) -> [OperationHeader] {
    var headers: [OperationHeader] = []
    for text in texts {
      guard let colon = text.firstIndex(of: ":") else { throw refusal(text, "has no colon") }
      let name = String(text[..<colon])
      guard !name.isEmpty, name.utf8.allSatisfy(isToken) else {
        throw refusal(text, "has a name that no header may have")
      }
      let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      guard value.unicodeScalars.allSatisfy({ $0 == "\t" || $0.value >= 0x20 && $0.value != 0x7F }) else {
        throw refusal(name, "holds a control character")
      }
      guard !headers.contains(where: { $0.name.lowercased() == name.lowercased() }) else {
        throw refusal(name, "is given twice")
      }
      headers.append(OperationHeader(name: name, value: String(value)))
    }
    return headers
  }

  private static func refusal(_ text: String, _ problem: String) -> CommandError {
    CommandError(.usage, "--header \"\(SafeText.line(text, limit: 64))\" \(problem): write --header 'Name: value'")
  }

  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: marks.utf8.contains(byte)
    }
  }
}
