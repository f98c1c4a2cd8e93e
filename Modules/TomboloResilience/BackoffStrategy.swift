/// How long to wait before trying again.
public protocol BackoffStrategy: Sendable {
  /// The longest delay it ever gives.
  var delayMaximum: Duration { get }

  /// The delay after attempt number `attempt` failed; the first attempt is number 1. Never negative, never above
  /// `delayMaximum`, whatever the number.
  func delay(afterAttempt attempt: Int, using random: inout some RandomNumberGenerator) -> Duration
}
