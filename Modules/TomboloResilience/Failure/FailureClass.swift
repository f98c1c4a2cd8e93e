/// What a failed attempt says about trying again.
public enum FailureClass: Hashable, Sendable {
  /// It may work next time.
  case transient
  /// The outside asks for a pause; the time counts from now, `nil` when it did not say how long.
  case throttled(retryAfter: Duration?)
  /// Trying again gives the same answer.
  case permanent
  /// The caller gave up, or had no way out to begin with: nobody was asked. Never retried, and a circuit breaker learns
  /// nothing from it.
  case cancelled
  /// Nobody knows whether it took effect, as after a time-out. Retried only when the call is idempotent.
  case outcomeUnknown
}

/// An error that knows its class.
public protocol ClassifiedFailure: Error {
  /// What this error says about trying again.
  var failureClass: FailureClass { get }
}
