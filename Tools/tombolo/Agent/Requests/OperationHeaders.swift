import TomboloPorts

/// The `headers` of an operation in a request: an object of strings.
///
/// They travel as header fields over HTTP, so that names and values are held to its grammar (RFC 9110, section 5) here,
/// where somebody can still mend them: a line break in a value would let a sender write header fields of his own.
enum OperationHeaders {
  /// Reads them in the order given.
  static func read(from scanner: inout JSONScanner, field: String) throws -> [OperationHeader] {
    guard try scanner.kind() == .object else {
      throw AgentProblem.invalid(field, "must be an object of strings, not \(try scanner.kind().rawValue)")
    }
    var headers: [OperationHeader] = []
    try scanner.object { scanner, name in
      guard !name.isEmpty, name.utf8.allSatisfy(isToken) else {
        throw AgentProblem.invalid(
          field, "has a name that no header may have: use letters, digits and any of \(String(marks))")
      }
      guard !headers.contains(where: { $0.name.lowercased() == name.lowercased() }) else {
        throw AgentProblem.duplicate("\(field).\(name)")
      }
      guard try scanner.kind() == .string else {
        throw AgentProblem.invalid("\(field).\(name)", "must be a string, not \(try scanner.kind().rawValue)")
      }
      let value = try scanner.string()
      guard value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else {
        throw AgentProblem.invalid("\(field).\(name)", "contains a control character")
      }
      headers.append(OperationHeader(name: name, value: value))
    }
    return headers
  }

  private static let marks = "!#$%&'*+-.^_`|~"

  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: marks.utf8.contains(byte)
    }
  }
}
