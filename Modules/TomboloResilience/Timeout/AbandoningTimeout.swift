/// Limits each attempt and leaves a body behind that does not react to cancellation.
///
/// **About.** As `AttemptTimeout`, but when the time is over the caller goes on at once; the body is cancelled and runs on by
/// itself. **What it costs:** what was left behind keeps its memory, connection and thread until it ends, which nobody
/// limits or waits for, and its late effects happen all the same. Put a `Bulkhead` *inside the body's own library* if it may
/// pile up, and use it only around code that you cannot change.
///
/// **Defaults.** None. **Telemetry.** `timedOut`. The body must be `@Sendable`, because it may outlive the call.
public struct AbandoningTimeout: ResiliencePolicy {
  /// The longest time an attempt's caller waits.
  public var limit: Duration

  /// A limit for each attempt's caller.
  public init(_ limit: Duration) { self.limit = max(.zero, limit) }

  /// The limit.
  public var summaries: [PolicySummary] { [PolicySummary(.attemptTimeout, "\(limit), abandoning", limit: limit)] }

  /// Takes the clock.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundAbandoningTimeout {
    BoundAbandoningTimeout(timeout: AttemptTimeout(limit).bind(to: environment, pipeline: pipeline))
  }
}

/// An abandoning time limit with its clock.
public struct BoundAbandoningTimeout: BoundPolicy {
  let timeout: BoundTimeout

  /// Runs `body` and waits for it no longer than the limit.
  public func runConcurrently<T: Sendable>(
    _ attempt: ResilienceAttempt, _ body: @escaping @Sendable (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    // A flight with one caller: who is cancelled leaves at once, and the last one who leaves cancels the call.
    let flight = SingleFlight<Int, T>()
    return try await timeout.runConcurrently(attempt) { attempt in
      try await flight.run(0) { try await body(attempt) }
    }
  }
}
