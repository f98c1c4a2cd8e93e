/// The decisions of one retried call, without clock and task: failures go in with the time, waits and stops come out.
@usableFromInline
package struct RetryMachine: Sendable {
  /// What to do after a failure.
  package enum Decision: Hashable, Sendable {
    case retry(after: Duration)
    case stop(RetryError.Code)
    /// The error speaks for itself: throw it as it is.
    case rethrow
  }

  /// The most attempts an error remembers: the first and the newest ones.
  package static let historyMaximum = 8

  private let attemptMaximum: Int
  private let retryAfterMaximum: Duration
  private var previousDelay: Duration?
  /// Failed attempts, oldest first; beyond the bound the second oldest is forgotten.
  package private(set) var history: [RetryError.Attempt] = []

  package init(attempts: Int, retryAfterMaximum: Duration) {
    attemptMaximum = attempts
    self.retryAfterMaximum = retryAfterMaximum
  }

  /// What comes after attempt number `attempt` failed at `now`.
  package mutating func failed(
    attempt: Int, as failure: FailureClass, isIdempotent: Bool, now: Duration, deadline: Duration?,
    backoff: some BackoffStrategy, using random: inout some RandomNumberGenerator
  ) -> Decision {
    remember(RetryError.Attempt(number: attempt, failure: failure, endedAt: now))
    switch failure {
    case .permanent, .cancelled: return .rethrow
    case .outcomeUnknown where !isIdempotent:
      return attempt == 1 && attemptMaximum == 1 ? .rethrow : .stop(.outcomeUnknown)
    case .transient, .throttled, .outcomeUnknown: break
    }
    guard attempt < attemptMaximum else { return attemptMaximum == 1 ? .rethrow : .stop(.attemptsExhausted) }
    var delay = backoff.delay(afterAttempt: attempt, previous: previousDelay, using: &random)
    previousDelay = delay
    if case .throttled(let retryAfter?) = failure {
      guard retryAfter <= retryAfterMaximum else { return .stop(.retryAfterTooLong) }
      delay = max(delay, retryAfter)
    }
    if let deadline, now + delay >= deadline { return .stop(.deadlineTooClose) }
    return .retry(after: delay)
  }

  private mutating func remember(_ attempt: RetryError.Attempt) {
    if history.count == Self.historyMaximum { history.remove(at: 1) }
    history.append(attempt)
  }
}
