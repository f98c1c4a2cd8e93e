import Testing
import TomboloPorts

@Suite("Timestamp and Duration")
struct TimestampTests {
  @Test("Advancing stops at the ends of the range")
  func saturation() {
    let first = Timestamp(millisecondsSinceEpoch: .min)
    let last = Timestamp(millisecondsSinceEpoch: .max)
    #expect(last.advanced(by: .milliseconds(1)) == last)
    #expect(first.advanced(by: .milliseconds(-1)) == first)
    #expect(Timestamp(millisecondsSinceEpoch: 0).advanced(by: .seconds(Int64.max)) == last)
    #expect(Timestamp(millisecondsSinceEpoch: 0).advanced(by: .seconds(Int64.min)) == first)
    #expect(Timestamp(millisecondsSinceEpoch: 5).advanced(by: .milliseconds(-7)).millisecondsSinceEpoch == -2)
  }

  @Test("The duration to a later moment is positive, to an earlier one negative, and as long as can be at the ends")
  func distance() {
    let early = Timestamp(millisecondsSinceEpoch: 100)
    let late = Timestamp(millisecondsSinceEpoch: 350)
    #expect(early.duration(to: late) == .milliseconds(250))
    #expect(late.duration(to: early) == .milliseconds(-250))
    let first = Timestamp(millisecondsSinceEpoch: .min)
    let last = Timestamp(millisecondsSinceEpoch: .max)
    #expect(first.duration(to: last) == .milliseconds(Int64.max))
    #expect(last.duration(to: first) == .milliseconds(Int64.min))
  }

  @Test(
    "Whole milliseconds are rounded up",
    arguments: [
      (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1_001), 2), (.milliseconds(1_999), 1_999),
      (.nanoseconds(1_999_000_001), 2_000), (.nanoseconds(-1), 0), (.microseconds(-1_500), -1),
      (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
    ] as [(Duration, Int64)])
  func wholeMilliseconds(duration: Duration, expected: Int64) {
    #expect(duration.wholeMilliseconds == expected)
  }

  @Test("A duration as a number of seconds")
  func seconds() {
    #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
    #expect(Duration.milliseconds(-250).inSeconds == -0.25)
  }
}
