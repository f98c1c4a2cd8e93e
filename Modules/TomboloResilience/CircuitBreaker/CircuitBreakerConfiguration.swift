/// When a circuit breaker opens, and how it finds out that it may close again.
///
/// Values that make no sense are moved to the nearest ones that do: a ratio into 0...1, a count to at least 1.
public struct CircuitBreakerConfiguration: Hashable, Sendable {
  /// Which calls the failure ratio is taken over.
  public enum Window: Hashable, Sendable {
    /// The newest calls, however old they are.
    case count(Int)
    /// The calls of about this last while, kept in ten slices: a slice is forgotten as a whole.
    case time(Duration)
  }

  /// Opens when at least this share of the calls in the window failed; 1 means all of them.
  public var failureRatio: Double
  /// Does not open before the window holds this many calls, so that the first failure of a quiet morning is no outage.
  public var callCountMinimum: Int
  /// Which calls the ratio is taken over.
  public var window: Window
  /// How long it stays open before it lets probes through.
  public var openDuration: Duration
  /// How many probes may be under way at once.
  public var probeMaximum: Int
  /// How many probes must succeed before it closes. A single failed one opens it again.
  public var successThreshold: Int

  /// A call that takes at least this long is slow; `nil` when no call is.
  public var slowCallDuration: Duration?
  /// Opens when at least this share of the calls in the window was slow; 1 means all of them.
  public var slowCallRatio: Double

  /// The defaults open on half of at least 20 among the last 100 calls, and probe with one call after 30 seconds.
  public init(
    failureRatio: Double = 0.5,
    callCountMinimum: Int = 20,
    window: Window = .count(100),
    openDuration: Duration = .seconds(30),
    probeMaximum: Int = 1,
    successThreshold: Int = 1,
    slowCallDuration: Duration? = nil,
    slowCallRatio: Double = 1
  ) {
    self.slowCallDuration = slowCallDuration.map { max(.nanoseconds(1), $0) }
    self.slowCallRatio = slowCallRatio.isNaN ? 1 : min(1, max(0, slowCallRatio))
    self.failureRatio = failureRatio.isNaN ? 1 : min(1, max(0, failureRatio))
    self.window =
      switch window {
      case .count(let count): .count(max(1, count))
      case .time(let span): .time(max(.nanoseconds(10), span))
      }
    // A window of ten calls never holds twenty: a larger minimum would switch the breaker off without a word.
    if case .count(let count) = self.window {
      self.callCountMinimum = min(max(1, callCountMinimum), count)
    } else {
      self.callCountMinimum = max(1, callCountMinimum)
    }
    self.openDuration = max(.zero, openDuration)
    self.probeMaximum = max(1, probeMaximum)
    self.successThreshold = max(1, successThreshold)
  }
}
