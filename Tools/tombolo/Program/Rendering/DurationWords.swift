import TomboloPorts

/// How long something is, for a person: the two largest units, cut off, not rounded up.
enum DurationWords {
  /// `340 ms`, `34 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. What is negative counts as nothing.
  static func text(_ duration: Duration) -> String {
    let milliseconds = max(0, duration.wholeMilliseconds)
    let seconds = milliseconds / 1_000
    switch seconds {
    case 0: return "\(milliseconds) ms"
    case ..<60: return "\(seconds) s"
    case ..<3_600: return pair(seconds / 60, "min", seconds % 60, "s")
    case ..<86_400: return pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min")
    default: return pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h")
    }
  }

  private static func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
    small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
  }
}
