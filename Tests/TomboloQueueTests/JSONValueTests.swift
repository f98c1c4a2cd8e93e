import Testing

@testable import TomboloQueue

@Suite("JSON that is merged")
struct JSONValueTests {
  @Test(
    "A document comes back with its numbers and texts as they were",
    arguments: [
      #"{"a":1.50,"b":[true,false,null],"c":{"d":-0.1E+5}}"#, #""\u0001\n\"\\é😀""#, "12345678901234567890123",
      "[]", "{}", #"[[[[]]]]"#,
    ])
  func roundTrip(text: String) throws {
    let value = try JSONValue(Array(text.utf8))
    #expect(String(decoding: value.bytes, as: UTF8.self) == text)
  }

  @Test("Escapes are understood, surrogate pairs too")
  func escapes() throws {
    #expect(try JSONValue(Array(#""\ud83d\ude00\/\t\u00e9""#.utf8)) == .string("😀/\té"))
  }

  @Test(
    "What is not JSON is refused where it ends to be",
    arguments: [
      "", " ", "{", "[1,", #"{"a"}"#, #"{"a":}"#, "01", "1.", "-", "tru", #""a"#, #""\x""#, #""\ud800""#, "1 2",
      "[1]]", "\"\u{1}\"", String(repeating: "[", count: 100),
    ])
  func malformed(text: String) {
    #expect(throws: JSONTextError.self) { try JSONValue(Array(text.utf8)) }
  }
}
