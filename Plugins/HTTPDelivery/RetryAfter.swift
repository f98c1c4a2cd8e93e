import TomboloPorts

/// Reads the field `Retry-After` (RFC 9110, section 10.2.3): seconds, or a moment.
enum RetryAfter {
  /// The longest wait that is believed; the queue's own limit is shorter.
  private static let secondsMaximum = 365 * 24 * 3_600

  /// How long to wait, never negative. What is neither seconds nor a date is `nil`, as if the field were not there.
  static func parse(_ text: String, now: Timestamp) -> Duration? {
    let text = FieldSyntax.trimmed(text)
    if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      // Too many digits for an `Int` is no garbage, only very long.
      return .seconds(min(Int(text) ?? secondsMaximum, secondsMaximum))
    }
    guard let moment = HTTPDate.parse(text, now: now) else { return nil }
    return min(max(now.duration(to: moment), .zero), .seconds(secondsMaximum))
  }
}
