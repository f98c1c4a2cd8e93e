extension JSONScanner {
  /// Reads an integer that fits; `nil`, with nothing read, when the number is none or does not fit.
  mutating func integer() throws -> Int? {
    let start = self
    let range = try skipValue()
    guard let value = Int(String(decoding: bytes[range], as: UTF8.self)) else {
      self = start
      return nil
    }
    return value
  }

  /// Checks the grammar of a number: no leading zeros or plus sign, digits on both sides of the point.
  mutating func skipNumber() throws(JSONScanError) {
    _ = take(UInt8(ascii: "-"))
    if take(UInt8(ascii: "0")) {
      if isDigit { throw error("a number does not begin with a zero") }
    } else {
      try skipDigits()
    }
    if take(UInt8(ascii: ".")) { try skipDigits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try skipDigits()
    }
  }

  /// Checks that exactly this word stands here.
  mutating func skipLiteral(_ word: StaticString) throws(JSONScanError) {
    let start = position
    for expected in "\(word)".utf8 {
      guard take(expected) else { throw JSONScanError("expected \(word)", at: start, in: bytes) }
    }
  }

  private var isDigit: Bool {
    guard let byte else { return false }
    return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private mutating func skipDigits() throws(JSONScanError) {
    guard isDigit else { throw error("expected a digit") }
    while isDigit { advance() }
  }
}
