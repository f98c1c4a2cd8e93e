import Testing

@testable import TomboloProgram

@Suite("Durations in words")
struct DurationWordsTests {
  @Test(
    "A duration is told in its two largest units, cut off",
    arguments: [
      (Duration.milliseconds(-5), "0 ms"), (.milliseconds(340), "340 ms"), (.milliseconds(999), "999 ms"),
      (.seconds(1), "1 s"), (.milliseconds(59_999), "59 s"), (.seconds(60), "1 min"), (.seconds(200), "3 min 20 s"),
      (.seconds(3_600), "1 h"), (.seconds(7_500), "2 h 5 min"), (.seconds(86_399), "23 h 59 min"),
      (.seconds(3 * 86_400 + 4 * 3_600 + 59), "3 d 4 h"),
    ])
  func words(duration: Duration, text: String) {
    #expect(DurationWords.text(duration) == text)
  }

  @Test(
    "A number of bytes is told in the unit that fits",
    arguments: [
      (0, "0 bytes"), (1, "1 byte"), (1_023, "1023 bytes"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"),
      (20 << 20, "20.0 MiB"), ((1 << 30) - 1, "1023.9 MiB"), (5 << 30, "5.0 GiB"),
    ])
  func bytes(count: Int, text: String) {
    #expect(ByteCountWords.text(count) == text)
  }
}
