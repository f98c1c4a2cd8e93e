/// How many calls there may be in which time, and how many of them at once.
///
/// Counts are at least 1 and at most a thousand million; a period is at least as many nanoseconds as it has calls.
public struct RateLimit: Hashable, Sendable {
  /// Calls a period, in the long run.
  public let count: Int
  /// The period the count is for.
  public let period: Duration
  /// Calls that may come at once after a quiet time.
  public let burst: Int

  /// So many calls a period. Without a `burst` a whole period's calls may come at once.
  public init(_ count: Int, per period: Duration, burst: Int? = nil) {
    let permitted = 1...1_000_000_000
    self.count = min(max(count, permitted.lowerBound), permitted.upperBound)
    self.period = max(period, .nanoseconds(self.count))
    self.burst = min(max(burst ?? self.count, permitted.lowerBound), permitted.upperBound)
  }

  /// The time in which one token comes.
  package var tokenInterval: Duration { period / count }
}
