/// Reads JSON (RFC 8259) from front to back, strictly, and knows where in the bytes each value stands.
///
/// A general decoder turns a payload into numbers and dictionaries and loses what those cannot hold: the digits of
/// 12345678901234567890 and 1.10, the order of keys. This one checks a payload and hands out the range of its bytes, so
/// that they are stored and delivered as they came, and no payload is decoded at all.
///
///     var scanner = JSONScanner(body)
///     try scanner.object { scanner, name in
///       if name == "kind" { kind = try scanner.string() } else { payload = try scanner.skipValue() }
///     }
///     try scanner.end()
struct JSONScanner {
  /// How deep values may nest: as deep as the stack of a small thread bears many times over.
  static let depthMaximum = 256

  let bytes: [UInt8]
  private(set) var position = 0
  private var depth = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// What the next value begins like.
  enum Kind: String {
    case object = "an object"
    case array = "an array"
    case string = "a string"
    case number = "a number"
    case boolean = "a boolean"
    case null
  }

  /// What the next value is, without reading it.
  mutating func kind() throws(JSONScanError) -> Kind {
    skipWhitespace()
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    case nil: throw error("the text ends where a value was expected")
    default: throw error("expected a value")
    }
  }

  /// Reads an object; `member` reads the value that belongs to each name. Repeated names are passed on as they come.
  mutating func object(_ member: (inout JSONScanner, _ name: String) throws -> Void) throws {
    try enter(UInt8(ascii: "{"), "an object")
    while try next(beforeEnd: UInt8(ascii: "}")) {
      skipWhitespace()
      guard byte == UInt8(ascii: "\"") else { throw error("expected a name in double quotes") }
      let name = try string()
      skipWhitespace()
      guard take(UInt8(ascii: ":")) else { throw error("expected a colon") }
      try member(&self, name)
    }
  }

  /// Reads an array; `element` reads each value.
  mutating func array(_ element: (inout JSONScanner, _ index: Int) throws -> Void) throws {
    try enter(UInt8(ascii: "["), "an array")
    var index = 0
    while try next(beforeEnd: UInt8(ascii: "]")) {
      try element(&self, index)
      index += 1
    }
  }

  /// Passes over any value, checking it, and answers where it stands.
  mutating func skipValue() throws -> Range<Int> {
    let kind = try kind()
    let start = position
    switch kind {
    case .object: try object { scanner, _ in _ = try scanner.skipValue() }
    case .array: try array { scanner, _ in _ = try scanner.skipValue() }
    case .string: try skipString()
    case .number: try skipNumber()
    case .boolean: try skipLiteral(byte == UInt8(ascii: "t") ? "true" : "false")
    case .null: try skipLiteral("null")
    }
    return start..<position
  }

  /// Requires that nothing but whitespace follows.
  mutating func end() throws(JSONScanError) {
    skipWhitespace()
    guard position == bytes.count else { throw error("there is something after the end of the value") }
  }

  /// The complaint about the present place.
  func error(_ message: String) -> JSONScanError {
    JSONScanError(message, at: position, in: bytes)
  }

  // MARK: - Steps

  /// The byte at the present place; `nil` at the end.
  var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func advance(by count: Int = 1) {
    position += count
  }

  mutating func take(_ expected: UInt8) -> Bool {
    guard byte == expected else { return false }
    position += 1
    return true
  }

  mutating func skipWhitespace() {
    while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func enter(_ opening: UInt8, _ name: String) throws(JSONScanError) {
    skipWhitespace()
    guard byte == opening else { throw error("expected \(name)") }
    guard depth < Self.depthMaximum else { throw error("values nest deeper than \(Self.depthMaximum) levels") }
    depth += 1
    position += 1
    isFirst = true
  }

  /// Whether the object or array that was entered last has had no member yet.
  private var isFirst = false

  /// Whether another member follows; steps over the comma before it, or over the end.
  private mutating func next(beforeEnd closing: UInt8) throws(JSONScanError) -> Bool {
    skipWhitespace()
    if take(closing) {
      depth -= 1
      isFirst = false
      return false
    }
    if isFirst {
      isFirst = false
      return true
    }
    guard take(UInt8(ascii: ",")) else {
      let end = closing == UInt8(ascii: "}") ? "brace" : "bracket"
      throw error(byte == nil ? "the text ends before the closing \(end)" : "expected a comma or a closing \(end)")
    }
    skipWhitespace()
    if byte == closing { throw error("expected another value after the comma") }
    return true
  }
}
