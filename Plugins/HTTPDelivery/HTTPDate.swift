import TomboloPorts

/// Reads the date forms of HTTP (RFC 9110, section 5.6.7).
///
/// Our own small parser: Foundation's formatters are locale-aware machinery for what is one fixed layout, and the module
/// needs Foundation for nothing else.
enum HTTPDate {
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that may be sent today, and the obsolete
  /// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`, which must still be understood. Anything else is `nil`.
  ///
  /// A year of two digits is the one that is at most 50 years after `now`.
  static func parse(_ text: String, now: Timestamp) -> Timestamp? {
    let words = text.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
    if words.count == 6, words[5] == "GMT" {
      guard let year = year(words[3], now: now) else { return nil }
      return timestamp(day: words[1], month: words[2], year: year, time: words[4])
    }
    if words.count == 5, let year = number(words[4], digits: 4...4) {
      return timestamp(day: words[2], month: words[1], year: year, time: words[3])
    }
    return nil
  }

  private static func timestamp(day: String, month: String, year: Int, time: String) -> Timestamp? {
    let clock = time.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard
      let day = number(day, digits: 1...2), let month = months.firstIndex(of: month), clock.count == 3,
      let hour = number(clock[0], digits: 2...2), let minute = number(clock[1], digits: 2...2),
      let second = number(clock[2], digits: 2...2),
      (1...daysIn(month: month + 1, year: year)).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    let days = daysSinceEpoch(year: year, month: month + 1, day: day)
    return Timestamp(millisecondsSinceEpoch: Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000)
  }

  private static func year(_ text: String, now: Timestamp) -> Int? {
    if text.utf8.count == 4 { return number(text, digits: 4...4) }
    guard let short = number(text, digits: 2...2) else { return nil }
    // The mean Gregorian year, which is exact enough for a window of a century.
    let present = 1970 + Int(now.millisecondsSinceEpoch / 31_556_952_000)
    let year = present / 100 * 100 + short
    if year > present + 50 { return year - 100 }
    return year <= present - 50 ? year + 100 : year
  }

  private static func number(_ text: String, digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }

  private static func daysIn(month: Int, year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days from 1970-01-01 in the Gregorian calendar, for a year from 0 on: years begin in March here, so that the leap day
  /// is the last of its year, and 153 days are five months of alternating length (Howard Hinnant, `days_from_civil`).
  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let marchYear = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let leapDays = floorDivide(marchYear, 4) - floorDivide(marchYear, 100) + floorDivide(marchYear, 400)
    return marchYear * 365 + leapDays + dayOfYear - 719_468
  }

  private static func floorDivide(_ value: Int, _ divisor: Int) -> Int {
    value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
  }
}
