/// Limits the whole call: every attempt, every wait. Stands above `Retry`, which then plans no attempt beyond the limit.
///
/// **About.** When the time is over the call is cancelled, and `TimeoutError` is thrown once it has ended. The limit is
/// *cooperative*: a body that does not react to cancellation holds its caller up for as long as it likes. A body that ends
/// with a value after all is believed: the value is returned. To leave such a body behind, see `AbandoningTimeout`.
///
/// **Defaults.** None: a limit is a decision. **Telemetry.** `timedOut`. **Anti-patterns.** Below a retry it starts again with
/// every attempt, which the order check refuses. Around a body that blocks its thread it does nothing.
public struct TotalTimeout: ResiliencePolicy {
  /// The longest time the call may take.
  public var limit: Duration

  /// A limit for the whole call.
  public init(_ limit: Duration) { self.limit = max(.zero, limit) }

  /// The limit.
  public var summaries: [PolicySummary] { [PolicySummary(.totalTimeout, "\(limit)", limit: limit)] }

  /// Takes the clock.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundTimeout {
    BoundTimeout(scope: .total, limit: limit, environment: environment, pipeline: pipeline)
  }
}

/// Limits each attempt for itself. Stands below `Retry` and `CircuitBreaking`, which then see a `TimeoutError`.
///
/// **About.** As `TotalTimeout`, cooperative, but for one attempt: the next one starts with a full limit. After it nobody knows
/// whether the attempt took effect, so only idempotent calls are retried.
///
/// **Defaults.** None. **Telemetry.** `timedOut`. **Anti-patterns.** Around a breaker, which then sees a cancellation instead
/// of a time-out; the order check refuses it.
public struct AttemptTimeout: ResiliencePolicy {
  /// The longest time one attempt may take.
  public var limit: Duration

  /// A limit for each attempt.
  public init(_ limit: Duration) { self.limit = max(.zero, limit) }

  /// The limit.
  public var summaries: [PolicySummary] { [PolicySummary(.attemptTimeout, "\(limit)", limit: limit)] }

  /// Takes the clock.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundTimeout {
    BoundTimeout(scope: .attempt, limit: limit, environment: environment, pipeline: pipeline)
  }
}
