import TomboloPorts

/// Calls of one kind, and what of them the composite added.
struct Series {
  private var all: [Double] = []
  private var commits: [Double] = []
  private var added: [Double] = []

  mutating func add(all: Duration, commits: Duration, service: Duration) {
    self.all.append(Self.microseconds(all))
    self.commits.append(Self.microseconds(commits))
    added.append(Self.microseconds(all - commits - service))
  }

  /// Medians of the whole and of the commits, median and 99th percentile of what was added, in microseconds.
  var row: String {
    [
      Self.quantile(0.5, of: all), Self.quantile(0.5, of: commits), Self.quantile(0.5, of: added),
      Self.quantile(0.99, of: added),
    ]
    .map { "\(($0 * 10).rounded() / 10) µs" }.joined(separator: " | ")
  }

  private static func microseconds(_ duration: Duration) -> Double { duration.inSeconds * 1_000_000 }

  private static func quantile(_ share: Double, of values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    return values.sorted()[min(values.count - 1, Int(Double(values.count) * share))]
  }
}
