/// A moment on the wall clock, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Only what must mean something after a restart is a timestamp: when an operation was enqueued, when it is due. Waiting
/// uses a monotonic clock (`TimeSource.sleep(for:)`).
public struct Timestamp: Hashable, Sendable, Codable {
  public var millisecondsSinceEpoch: Int64

  public init(millisecondsSinceEpoch: Int64) {
    self.millisecondsSinceEpoch = millisecondsSinceEpoch
  }

  /// The moment this much later (earlier, when negative). Stops at the ends of the range instead of overflowing.
  public func advanced(by duration: Duration) -> Timestamp {
    let (sum, overflow) = millisecondsSinceEpoch.addingReportingOverflow(duration.wholeMilliseconds)
    if overflow { return Timestamp(millisecondsSinceEpoch: duration < .zero ? .min : .max) }
    return Timestamp(millisecondsSinceEpoch: sum)
  }

  /// How long it is from here to `other`; negative when `other` is earlier. Stops at the ends of the range.
  public func duration(to other: Timestamp) -> Duration {
    let (difference, overflow) = other.millisecondsSinceEpoch.subtractingReportingOverflow(millisecondsSinceEpoch)
    if overflow { return .milliseconds(other > self ? Int64.max : Int64.min) }
    return .milliseconds(difference)
  }
}

extension Timestamp: Comparable {
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.millisecondsSinceEpoch < right.millisecondsSinceEpoch
  }
}

extension Duration {
  /// Rounded up to whole milliseconds, so that waiting this long never ends early. Stops at the ends of the range.
  public var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    if overflow { return seconds < 0 ? .min : .max }
    let fraction = attoseconds / 1_000_000_000_000_000
    let rest = attoseconds % 1_000_000_000_000_000
    let (sum, sumOverflow) = product.addingReportingOverflow(fraction + (rest > 0 ? 1 : 0))
    return sumOverflow ? (seconds < 0 ? .min : .max) : sum
  }

  /// As a number of seconds, for ratios and metrics.
  public var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC with milliseconds: `2026-11-21T10:42:07.250Z`.
  public var description: String {
    let (days, timeOfDay) = Self.divide(millisecondsSinceEpoch, by: 86_400_000)
    let (year, month, day) = Self.date(daysSinceEpoch: days)
    let (hour, minute) = (timeOfDay / 3_600_000, timeOfDay / 60_000 % 60)
    let (second, millisecond) = (timeOfDay / 1_000 % 60, timeOfDay % 1_000)
    return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T"
      + Self.padded(hour, 2) + ":" + Self.padded(minute, 2) + ":" + Self.padded(second, 2) + "."
      + Self.padded(millisecond, 3) + "Z"
  }

  /// The date in the proleptic Gregorian calendar, counted in eras of 400 years that begin on the first of March, so
  /// that the leap day is the last of its year.
  private static func date(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = divide(daysSinceEpoch + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// Division that rounds down, with the remainder that goes with it.
  private static func divide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
