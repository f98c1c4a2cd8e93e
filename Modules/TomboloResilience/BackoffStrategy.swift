/// How long to wait before trying again.
public protocol BackoffStrategy: Sendable {
  /// The longest delay it ever gives.
  var delayMaximum: Duration { get }

  /// The delay after attempt number `attempt` failed; the first attempt is number 1. Never negative, never above
  /// `delayMaximum`, whatever the number.
  func delay(afterAttempt attempt: Int, using random: inout some RandomNumberGenerator) -> Duration

  /// The delay when the one before it is known, for strategies that build on it; the others ignore `previous`.
  func delay(
    afterAttempt attempt: Int, previous: Duration?, using random: inout some RandomNumberGenerator
  ) -> Duration
}

extension BackoffStrategy {
  /// The delay, whatever the one before was.
  public func delay(
    afterAttempt attempt: Int, previous: Duration?, using random: inout some RandomNumberGenerator
  ) -> Duration {
    delay(afterAttempt: attempt, using: &random)
  }
}
