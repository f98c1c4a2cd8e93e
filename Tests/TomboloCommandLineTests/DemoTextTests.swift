import Testing

@testable import TomboloProgram

@Suite("The demo's text")
struct DemoTextTests {
  @Test(
    "a bar is as long as it is told, and full only when everything is done",
    arguments: [
      (0, 0, "[........]"), (0, 9, "[........]"), (1, 2, "[####....]"), (99, 100, "[#######.]"), (9, 9, "[########]"),
    ])
  func bar(done: Int, total: Int, bar: String) {
    #expect(DemoText.bar(done, of: total, width: 10) == bar)
  }

  @Test("what is too long ends in three dots, and control characters cannot move the cursor")
  func fitted() {
    #expect(DemoText.fitted("abcdefgh", to: 8) == "abcdefgh")
    #expect(DemoText.fitted("abcdefghi", to: 8) == "abcde...")
    #expect(DemoText.fitted("abc", to: 2) == "ab")
    #expect(DemoText.fitted("a\u{1B}[2J\r\nb", to: 20) == "a [2J b")
  }

  @Test("durations are cut to tenths of seconds, and short ones told in milliseconds")
  func durations() {
    #expect(DemoText.seconds(.milliseconds(12_399)) == "12.3 s")
    #expect(DemoText.short(.microseconds(300)) == "less than 1 ms")
    #expect(DemoText.short(.milliseconds(47)) == "47 ms")
    #expect(DemoText.short(.milliseconds(1_250)) == "1.2 s")
  }

  @Test("lines break between words, under their label", arguments: 12...60)
  func wrapped(width: Int) {
    let text = "seventy attempts, sixty-one delivered, six retried"
    let lines = DemoText.wrapped(text, label: "Process", labelWidth: 9, width: max(width, 19))
    #expect(lines.allSatisfy { $0.count <= max(width, 19) })
    #expect(lines.first?.hasPrefix("Process  seventy") == true)
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("         ") })
    #expect(lines.map { $0.dropFirst(9) }.joined(separator: " ") == text)
  }

  @Test("the work comes in five priorities, for eight users and four accounts")
  func operations() {
    let operations = (0..<240).map { DemoOperation.numbered($0) }
    #expect(Set(operations.map(\.priority)) == ["critical", "high", "normal", "low", "background"])
    let keys = Set(operations.compactMap(\.orderingKey))
    #expect(keys.filter { $0.hasPrefix("user/") }.count == 8)
    #expect(keys.filter { $0.hasPrefix("account/") }.count == 4)
  }
}
