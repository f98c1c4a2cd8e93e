import Testing

@testable import TomboloAgent

@Suite("JSONScanner")
struct JSONScannerTests {
  private static func scan(_ text: [UInt8]) throws -> Range<Int> {
    var scanner = JSONScanner(text)
    let range = try scanner.skipValue()
    try scanner.end()
    return range
  }

  @Test(
    "What RFC 8259 allows is accepted",
    arguments: [
      "0", "-0", "-1.5e-10", "1E400", "\"\"", #""\"\\\/\b\f\n\r\t\u0041""#, #""\ud834\udd1e""#, "[]", "[1,[2,{}]]",
      " { \"a\" : [ ] , \"a\" : null } ", "true", "false", "null", "\"\u{7F}é€😀\"", "\t\r\n 1 ",
    ])
  func accepted(text: String) throws {
    _ = try Self.scan(Array(text.utf8))
  }

  @Test(
    "What RFC 8259 does not allow is refused",
    arguments: [
      "", " ", "01", "+1", "1.", ".5", "1e", "1e+", "-", "--1", "0x1", "NaN", "Infinity", "tru", "nul", "truex", "True",
      "'a'", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]",
      "]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{1:1}", "{,}",
      "[}", "{]", "1 1", "[]]", "// x\n1", "\"\\ud800\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
      "\u{FEFF}1",
    ])
  func refused(text: String) {
    #expect(throws: JSONScanError.self) { try Self.scan(Array(text.utf8)) }
  }

  @Test(
    "Strings that are no UTF-8 are refused",
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82],
      [0xE2, 0x82, 0x28], [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
    ] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    #expect(throws: JSONScanError.self) { try Self.scan([0x22] + bytes + [0x22]) }
  }

  @Test("Every string that is made of escapes and characters reads as what was written")
  func strings() throws {
    let texts = [
      (#""""#, ""), (#""a\"b\\c\/d\b\f\n\r\t""#, "a\"b\\c/d\u{08}\u{0C}\n\r\t"), (#""\u00e9\u20AC""#, "é€"),
      (#""\ud83d\ude00x""#, "😀x"), (#""é\n😀""#, "é\n😀"), (#""\u0000""#, "\0"),
    ]
    for (text, expected) in texts {
      var scanner = JSONScanner(Array(text.utf8))
      #expect(try scanner.string() == expected)
      try scanner.end()
    }
  }

  @Test("Values may nest deep, but not without end")
  func depth() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    #expect(try Self.scan(nested(JSONScanner.depthMaximum)) == 0..<2 * JSONScanner.depthMaximum)
    #expect(throws: JSONScanError.self) { try Self.scan(nested(JSONScanner.depthMaximum + 1)) }
    #expect(throws: JSONScanError.self) { try Self.scan(nested(100_000)) }
    // Side by side is not deep.
    _ = try Self.scan(Array("[\(Array(repeating: "[]", count: 1_000).joined(separator: ","))]".utf8))
  }

  @Test("A complaint says where: line and column, counted from one")
  func places() {
    func place(_ text: String) -> [Int]? {
      do {
        _ = try Self.scan(Array(text.utf8))
        return nil
      } catch let error as JSONScanError {
        return [error.offset, error.line, error.column]
      } catch {
        return nil
      }
    }
    #expect(place("x") == [0, 1, 1])
    #expect(place("[1 2]") == [3, 1, 4])
    #expect(place("[\n1,\n  x]") == [7, 3, 3])
    #expect(place("[\n") == [2, 2, 1])
  }

  @Test("Text that was cut off anywhere is refused, and never read past its end")
  func truncated() throws {
    let text = Array(#"{"a":[1.5e3,"\ud83d\ude00é",true,null,{"b":false}],"c":-0.1}"#.utf8)
    _ = try Self.scan(text)
    for count in 0..<text.count {
      #expect(throws: JSONScanError.self) { try Self.scan(Array(text.prefix(count))) }
    }
  }
}
