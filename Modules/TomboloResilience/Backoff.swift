/// Backoff as data: how the delay grows, where it ends, and how it is spread.
///
///     let backoff = Backoff.exponential(initial: .milliseconds(500), multiplier: 2, maximum: .seconds(300))
///
/// The cap comes first and the jitter is drawn inside it, so no delay exceeds the maximum and the delays of many clients at
/// the cap still spread. `full` and `equal` are the jitters of Marc Brooker's "Exponential Backoff And Jitter" (AWS
/// Architecture Blog, 2015): uniform between nothing and the capped delay, and uniform in its upper half.
public struct Backoff: BackoffStrategy, Hashable {
  /// How the delay grows with the number of the failed attempt.
  public enum Growth: Hashable, Sendable {
    /// Always the initial delay.
    case constant
    /// The initial delay, then this much more each time.
    case linear(increment: Duration)
    /// The initial delay, then this many times the one before. Below 1 it counts as 1.
    case exponential(multiplier: Double)
    /// Anywhere between the initial delay and three times the one before, whatever the jitter says ("decorrelated jitter" of
    /// the same article).
    case decorrelated
  }

  /// How delays are spread, so that clients that failed together do not return together.
  public enum Jitter: String, Hashable, Sendable, CaseIterable {
    case none
    /// Anywhere between nothing and the delay.
    case full
    /// Anywhere in the upper half of the delay.
    case equal
  }

  public var growth: Growth
  public var initial: Duration
  public var delayMaximum: Duration
  public var jitter: Jitter

  public init(growth: Growth, initial: Duration, maximum: Duration, jitter: Jitter = .full) {
    self.growth = growth
    self.initial = max(.zero, initial)
    self.delayMaximum = max(.zero, maximum)
    self.jitter = jitter
  }

  public static func constant(_ delay: Duration, jitter: Jitter = .none) -> Backoff {
    Backoff(growth: .constant, initial: delay, maximum: delay, jitter: jitter)
  }

  public static func linear(
    initial: Duration, increment: Duration, maximum: Duration, jitter: Jitter = .full
  ) -> Backoff {
    Backoff(growth: .linear(increment: increment), initial: initial, maximum: maximum, jitter: jitter)
  }

  /// The default of the sync queue: half a second, doubled up to five minutes, fully jittered.
  public static func exponential(
    initial: Duration = .milliseconds(500),
    multiplier: Double = 2,
    maximum: Duration = .seconds(300),
    jitter: Jitter = .full
  ) -> Backoff {
    Backoff(growth: .exponential(multiplier: multiplier), initial: initial, maximum: maximum, jitter: jitter)
  }

  /// Each delay is drawn between `initial` and three times the one before, always inside `maximum`.
  public static func decorrelated(initial: Duration, maximum: Duration) -> Backoff {
    Backoff(growth: .decorrelated, initial: initial, maximum: maximum, jitter: .none)
  }

  /// The delay before jitter, already capped; with decorrelated growth the longest there can be.
  public func cappedDelay(afterAttempt attempt: Int) -> Duration {
    let step = Double(max(1, attempt) - 1)
    let cap = Self.seconds(delayMaximum)
    // In floating point an overflow is infinity, which the cap then cuts off: no exponent is too large.
    let uncapped: Double =
      switch growth {
      case .constant: Self.seconds(initial)
      case .linear(let increment): Self.seconds(initial) + Self.seconds(increment) * step
      // Nothing times infinity would be no number.
      case .exponential(let multiplier):
        initial == .zero ? 0 : Self.seconds(initial) * Self.power(max(1, multiplier), step)
      case .decorrelated: initial == .zero ? 0 : Self.seconds(initial) * Self.power(3, step + 1)
      }
    guard uncapped < cap else { return delayMaximum }
    return .seconds(max(0, uncapped))
  }

  /// The delay after attempt number `attempt`. Decorrelated delays depend on the one before, which is not known here: the
  /// ones before are drawn as well, up to a number after which their distribution no longer changes.
  public func delay(afterAttempt attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
    if growth == .decorrelated {
      var delay = initial
      for _ in 0..<min(max(1, attempt), 32) {
        delay = self.delay(afterAttempt: attempt, previous: delay, using: &random)
      }
      return delay
    }
    let capped = cappedDelay(afterAttempt: attempt)
    let seconds = Self.seconds(capped)
    let delay: Duration
    switch jitter {
    case .none: delay = capped
    case .full: delay = .seconds(Double.random(in: 0...seconds, using: &random))
    case .equal: delay = .seconds(Double.random(in: (seconds / 2)...seconds, using: &random))
    }
    return min(delay, delayMaximum)
  }

  /// The delay after attempt number `attempt`, when the one before it was `previous`.
  public func delay(
    afterAttempt attempt: Int, previous: Duration?, using random: inout some RandomNumberGenerator
  ) -> Duration {
    guard growth == .decorrelated else { return delay(afterAttempt: attempt, using: &random) }
    let lowest = Self.seconds(min(initial, delayMaximum))
    // The range is cut before the draw: cutting the drawn delay would gather everyone at the cap.
    let highest = min(Self.seconds(delayMaximum), max(lowest, 3 * Self.seconds(previous ?? initial)))
    return min(.seconds(Double.random(in: lowest...highest, using: &random)), delayMaximum)
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }

  /// `base` to a whole, non-negative power, by squaring: the standard library has no `pow`.
  private static func power(_ base: Double, _ exponent: Double) -> Double {
    var result = 1.0
    var factor = base
    var rest = UInt64(min(exponent, 1e18))
    while rest > 0, result.isFinite {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}
