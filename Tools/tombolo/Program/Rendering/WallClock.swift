import Foundation
import TomboloPorts

/// Tells moments as a person at this machine reads them.
struct WallClock: Hashable, Sendable {
  var now: Timestamp
  /// How far the local time is ahead of UTC.
  var offset: Duration

  init(now: Timestamp, offset: Duration = .zero) {
    self.now = now
    self.offset = offset
  }

  /// The machine's clock and time zone.
  static func local() -> WallClock {
    WallClock(now: SystemTimeSource().now, offset: .seconds(TimeZone.current.secondsFromGMT()))
  }

  /// `10:42:07`; on another day `2026-11-22 10:42:07`.
  func text(_ moment: Timestamp) -> String {
    let (day, time) = Self.parts(moment.advanced(by: offset))
    return day == Self.parts(now.advanced(by: offset)).day ? time : "\(day) \(time)"
  }

  /// `12 s ago (10:41:55)`.
  func ago(_ moment: Timestamp) -> String {
    "\(age(moment)) ago (\(text(moment)))"
  }

  /// `in 34 s (10:42:41)`; `now` once it has passed.
  func until(_ moment: Timestamp) -> String {
    moment <= now ? "now" : "in \(DurationWords.text(now.duration(to: moment))) (\(text(moment)))"
  }

  /// `12 s`.
  func age(_ moment: Timestamp) -> String {
    DurationWords.text(moment.duration(to: now))
  }

  private static func parts(_ moment: Timestamp) -> (day: String, time: String) {
    let halves = moment.description.split(separator: "T", maxSplits: 1)
    return (String(halves.first ?? ""), String(halves.last?.prefix(8) ?? ""))
  }
}
