/// What a circuit breaker does with the next call.
public enum CircuitBreakerState: Hashable, Sendable {
  /// Calls go through and are counted.
  case closed
  /// Calls are refused for this much longer.
  case open(remaining: Duration)
  /// A few calls go through as probes; the others are refused.
  case halfOpen
  /// Opened by hand: every call is refused until it is closed by hand.
  case isolated
}
