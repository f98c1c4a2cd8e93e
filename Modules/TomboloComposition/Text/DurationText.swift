/// How a duration is written in the config: a whole number and a unit, `500ms 5s 2m 1h 1d`.
enum DurationText {
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
  ]

  /// The duration, or what is wrong with the text.
  static func parse(_ text: String) -> Result<Duration, UnitNumberError> {
    UnitNumber.parse(text, units: units.map { ($0.name, $0.milliseconds) }).map { .milliseconds($0) }
  }

  /// In the largest unit that leaves no fraction.
  static func render(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    guard !overflow else { return "\(seconds)s" }
    let milliseconds = scaled + attoseconds / 1_000_000_000_000_000
    guard milliseconds != 0 else { return "0s" }
    let unit = units.last { milliseconds % $0.milliseconds == 0 } ?? units[0]
    return "\(milliseconds / unit.milliseconds)\(unit.name)"
  }
}

/// How a size is written in the config: a whole number and a unit, `512B 64KiB 10MiB 1GiB`.
enum SizeText {
  private static let units: [(name: String, bytes: Int64)] = [
    ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
  ]

  /// The number of bytes, or what is wrong with the text.
  static func parse(_ text: String) -> Result<Int, UnitNumberError> {
    UnitNumber.parse(text, units: units.map { ($0.name, $0.bytes) }).map { Int($0) }
  }

  /// In the largest unit that leaves no fraction.
  static func render(_ byteCount: Int) -> String {
    guard byteCount != 0 else { return "0B" }
    let unit = units.last { Int64(byteCount) % $0.bytes == 0 } ?? units[0]
    return "\(Int64(byteCount) / unit.bytes)\(unit.name)"
  }
}
