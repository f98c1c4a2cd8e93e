import TomboloAgent
import TomboloPorts

/// A moment on the command line: `2026-11-21T10:42:07Z`, or how long from now: `10m`.
enum MomentArgument: Hashable {
  case at(Timestamp)
  case after(Duration)

  private static let units: KeyValuePairs<String, Int64> = [
    "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
  ]

  /// Reads either form; `nil` when it is none.
  init?(_ text: String) {
    if let moment = WireTimestamp(text) {
      self = .at(moment.timestamp)
      return
    }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = Self.units.first { $0.key == text[digits.endIndex...] }
    guard let unit, let number = Int64(digits) else { return nil }
    let (milliseconds, overflow) = number.multipliedReportingOverflow(by: unit.value)
    guard !overflow else { return nil }
    self = .after(.milliseconds(milliseconds))
  }

  /// Reads the value of `option`, or says how it is written.
  static func parse(_ text: String, option: String) throws(CommandError) -> MomentArgument {
    guard let moment = MomentArgument(text) else {
      throw CommandError(
        .usage,
        "\(option) is \"\(SafeText.line(text, limit: 64))\", but must be a moment such as 2026-11-21T10:42:07Z, or a "
          + "duration from now such as 500ms, 30s, 10m, 2h or 1d")
    }
    return moment
  }

  /// The moment, counted from `now`.
  func timestamp(from now: Timestamp) -> Timestamp {
    switch self {
    case .at(let timestamp): timestamp
    case .after(let duration): now.advanced(by: duration)
    }
  }
}
