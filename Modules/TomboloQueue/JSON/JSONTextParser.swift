/// Reads JSON text (RFC 8259), at most `depthMaximum` deep.
struct JSONTextParser {
  static let depthMaximum = 64

  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// One value and nothing after it.
  mutating func document() throws(JSONTextError) -> JSONValue {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw error("there is something after the document") }
    return value
  }

  private mutating func value() throws(JSONTextError) -> JSONValue {
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return try nested { parser throws(JSONTextError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(JSONTextError) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(
    _ body: (inout JSONTextParser) throws(JSONTextError) -> JSONValue
  ) throws(JSONTextError) -> JSONValue {
    guard depth < Self.depthMaximum else { throw error("it is more than \(Self.depthMaximum) deep") }
    depth += 1
    position += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(JSONTextError) -> JSONValue {
    var members: [String: JSONValue] = [:]
    skipSpace()
    if accept("}") { return .object(members) }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw error("the name of a member is missing") }
      let name = try string()
      skipSpace()
      guard accept(":") else { throw error("a colon is missing") }
      members[name] = try value()
      skipSpace()
      if accept("}") { return .object(members) }
      guard accept(",") else { throw error("a comma or a closing brace is missing") }
    }
  }

  private mutating func array() throws(JSONTextError) -> JSONValue {
    var values: [JSONValue] = []
    skipSpace()
    if accept("]") { return .array(values) }
    while true {
      values.append(try value())
      skipSpace()
      if accept("]") { return .array(values) }
      guard accept(",") else { throw error("a comma or a closing bracket is missing") }
    }
  }

  private mutating func string() throws(JSONTextError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("a text is not UTF-8") }
        return string
      case UInt8(ascii: "\\"): try escape(&text)
      case 0..<0x20: throw error("a text contains a control character")
      default: text.append(byte)
      }
    }
    throw error("a text does not end")
  }

  private mutating func escape(_ text: inout [UInt8]) throws(JSONTextError) {
    guard let byte = peek else { throw error("a text does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if 0xD800..<0xDC00 ~= code {
        guard accept("\\"), accept("u") else { throw error("half a surrogate pair") }
        let low = try hexadecimal()
        guard 0xDC00..<0xE000 ~= low else { throw error("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
      text.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw error("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSONTextError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw error("four hexadecimal digits are missing")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  private mutating func number() throws(JSONTextError) -> JSONValue {
    let start = position
    _ = accept("-")
    if !accept("0") { try digits() }
    if accept(".") { try digits() }
    if accept("e") || accept("E") {
      if !accept("+") { _ = accept("-") }
      try digits()
    }
    return .number(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func digits() throws(JSONTextError) {
    let start = position
    while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    guard position > start else { throw error("a value is missing") }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONTextError) -> JSONValue {
    let expected = word.withUTF8Buffer { Array($0) }
    guard bytes[position...].starts(with: expected) else { throw error("a value is missing") }
    position += expected.count
    return value
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func error(_ detail: String) -> JSONTextError { JSONTextError(detail: detail, position: position) }
}
