extension JSONScanner {
  /// Reads a string, escapes resolved.
  mutating func string() throws(JSONScanError) -> String {
    skipWhitespace()
    guard byte == UInt8(ascii: "\"") else { throw error("expected a string") }
    let start = position + 1
    let hasEscapes = try skipString()
    let content = bytes[start..<position - 1]
    // `skipString` checked the UTF-8 and the escapes, so nothing is repaired here.
    return String(decoding: hasEscapes ? Self.unescape(content)[...] : content, as: UTF8.self)
  }

  /// Passes over a string, checking it, and answers whether it holds escapes.
  @discardableResult
  mutating func skipString() throws(JSONScanError) -> Bool {
    advance()
    var hasEscapes = false
    while let next = byte {
      switch next {
      case UInt8(ascii: "\""):
        advance()
        return hasEscapes
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try skipEscape()
      case 0..<0x20: throw error("a control character in a string must be escaped")
      case 0x20..<0x80: advance()
      default: try skipScalar(first: next)
      }
    }
    throw error("the text ends inside a string")
  }

  private mutating func skipEscape() throws(JSONScanError) {
    advance()
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      advance()
    case UInt8(ascii: "u"):
      let unit = try skipCodeUnit()
      guard unit >= 0xD800, unit <= 0xDFFF else { return }
      // Half of a surrogate pair stands for no character, and what decodes this later would refuse or change it.
      guard unit < 0xDC00, byte == UInt8(ascii: "\\") else { throw error("half of a surrogate pair stands alone") }
      advance()
      guard byte == UInt8(ascii: "u") else { throw error("half of a surrogate pair stands alone") }
      let second = try skipCodeUnit()
      guard second >= 0xDC00, second <= 0xDFFF else { throw error("half of a surrogate pair stands alone") }
    default: throw error("there is no such escape")
    }
  }

  /// Passes over `uXXXX` and answers with the number.
  private mutating func skipCodeUnit() throws(JSONScanError) -> Int {
    advance()
    var unit = 0
    for _ in 0..<4 {
      guard let byte, let digit = Self.hexadecimal(byte) else { throw error("expected four hexadecimal digits") }
      unit = unit << 4 | digit
      advance()
    }
    return unit
  }

  /// Passes over a character of two to four bytes, as Unicode's table 3-7 allows them.
  private mutating func skipScalar(first: UInt8) throws(JSONScanError) {
    let second: ClosedRange<UInt8>
    let count: Int
    switch first {
    case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
    case 0xE0: (count, second) = (3, 0xA0...0xBF)
    case 0xED: (count, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
    case 0xF0: (count, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
    case 0xF4: (count, second) = (4, 0x80...0x8F)
    default: throw error("the text is not UTF-8")
    }
    guard position + count <= bytes.count, second.contains(bytes[position + 1]) else {
      throw error("the text is not UTF-8")
    }
    for index in 2..<max(count, 2) where bytes[position + index] & 0xC0 != 0x80 { throw error("the text is not UTF-8") }
    advance(by: count)
  }

  /// Resolves the escapes of a string that was checked.
  private static func unescape(_ content: ArraySlice<UInt8>) -> [UInt8] {
    var units = content.makeIterator()
    var result: [UInt8] = []
    result.reserveCapacity(content.count)
    func codeUnit() -> UInt32 {
      (0..<4).reduce(0) { unit, _ in unit << 4 | UInt32(units.next().flatMap { hexadecimal($0) } ?? 0) }
    }
    while let next = units.next() {
      guard next == UInt8(ascii: "\\"), let escape = units.next() else {
        result.append(next)
        continue
      }
      switch escape {
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"):
        var scalar = codeUnit()
        if scalar >= 0xD800, scalar < 0xDC00 {
          _ = units.next()
          _ = units.next()
          scalar = 0x1_0000 + (scalar - 0xD800) << 10 + (codeUnit() - 0xDC00)
        }
        result += Array(String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8)
      default: result.append(escape)
      }
    }
    return result
  }

  static func hexadecimal(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
