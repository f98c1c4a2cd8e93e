import Testing

@testable import TomboloProgram

@Suite("Safe text")
struct SafeTextTests {
  @Test(
    "What a terminal would act on becomes a space",
    arguments: [
      ("red \u{1B}[31m", "red  [31m"), ("a\r\nb\tc", "a b c"), ("\u{9B}31m", " 31m"), ("a\u{202E}b", "a b"),
      ("a\u{2028}b\u{7F}", "a b "), ("Zürich 👩‍👧", "Zürich 👩‍👧"),
    ])
  func control(text: String, line: String) {
    #expect(SafeText.line(text) == line)
  }

  @Test("A line is never longer than its limit, and says when it was cut")
  func limit() {
    #expect(SafeText.line("12345", limit: 5) == "12345")
    #expect(SafeText.line("123456", limit: 5) == "1234…")
  }
}
