import Testing

@testable import TomboloOffline

@Suite("Temporary identifiers in JSON")
struct TemporaryIdentifierTests {
  private let id = "temporary-01234567-89ab-cdef-0123-456789abcdef"

  private func mentions(_ text: String) -> Set<String> { TemporaryIdentifier.mentions(in: Array(text.utf8)) }

  private func renaming(_ text: String, to name: String = "7") -> String {
    String(decoding: TemporaryIdentifier.renaming(Array(text.utf8), [id: name]), as: UTF8.self)
  }

  @Test("are found as whole strings, wherever they stand")
  func found() {
    #expect(mentions(#"{"a":"\#(id)","b":["\#(id)"]}"#) == [id])
    #expect(mentions(#"{"\#(id)":1}"#) == [id])
    #expect(mentions(#""\#(id)""#) == [id])
  }

  @Test(
    "are not found inside longer strings, nor in what only looks alike",
    arguments: [
      #"{"a":"see temporary-01234567-89ab-cdef-0123-456789abcdef"}"#,
      #"{"a":"\"temporary-01234567-89ab-cdef-0123-456789abcdef\""}"#,
      #"{"a":"\"temporary-01234567-89ab-cdef-0123-456789abcdef"}"#,
      #"{"a":"temporary-01234567-89ab-cdef-0123-456789abcdez"}"#,
      #"{"a":"temporary-"}"#, #"{"a":"temporary-01234567"#, "", "\"",
    ])
  func notFound(_ text: String) {
    #expect(mentions(text).isEmpty)
    #expect(renaming(text) == text)
  }

  @Test("are replaced every time, and names are quoted")
  func renamed() {
    #expect(renaming(#"["\#(id)","x","\#(id)"]"#) == #"["7","x","7"]"#)
    #expect(renaming(#"["\#(id)"]"#, to: "a\"\\\n\u{e9}") == #"["a\"\\\u000aé"]"#)
  }
}
