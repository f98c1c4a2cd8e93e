import TomboloAgent
import TomboloPorts
import Testing

@testable import TomboloProgram

@Suite("The clock on the wall")
struct WallClockTests {
  private let clock: WallClock

  init() throws {
    let now = try #require(WireTimestamp("2026-11-21T23:30:00Z"))
    clock = WallClock(now: now.timestamp, offset: .seconds(3_600))
  }

  private func moment(_ text: String) throws -> Timestamp { try #require(WireTimestamp(text)).timestamp }

  @Test("A moment of today is told without its date, in local time")
  func today() throws {
    #expect(try clock.text(moment("2026-11-21T23:10:07.250Z")) == "00:10:07")
  }

  @Test("A moment of another local day is told with its date")
  func anotherDay() throws {
    #expect(try clock.text(moment("2026-11-21T22:59:59Z")) == "2026-11-21 23:59:59")
  }

  @Test("What is due is told as a wait and a time; what was due is now")
  func due() throws {
    #expect(try clock.until(moment("2026-11-21T23:30:34Z")) == "in 34 s (00:30:34)")
    #expect(try clock.until(moment("2026-11-21T23:30:00Z")) == "now")
    #expect(try clock.ago(moment("2026-11-21T23:29:48Z")) == "12 s ago (00:29:48)")
  }

  @Test("Timestamps within a sentence are told in local time, and nothing else is touched")
  func sentence() {
    let text = "it waits until 2026-11-21T23:31:07.250Z, after:  the upstream (2026-11-21T23:10:00Z) said 2026-11"
    #expect(
      clock.localizing(text) == "it waits until 00:31:07, after:  the upstream (2026-11-21T23:10:00Z) said 2026-11")
    #expect(clock.localizing("") == "")
  }
}
