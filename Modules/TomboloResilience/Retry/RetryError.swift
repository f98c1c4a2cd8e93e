/// A call was given up although another attempt might have helped. `lastError` is what the last attempt threw.
public struct RetryError: Error, Sendable, CustomStringConvertible {
  /// Why there was no further attempt.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The code as it is written in logs.
    public let description: String
    private init(_ description: String) { self.description = description }

    /// Every permitted attempt was made.
    public static let attemptsExhausted = Code("attemptsExhausted")
    /// The dependency's budget of retries is used up.
    public static let budgetExhausted = Code("budgetExhausted")
    /// The next attempt would begin after the total time limit.
    public static let deadlineTooClose = Code("deadlineTooClose")
    /// The outside asks for a longer pause than is permitted.
    public static let retryAfterTooLong = Code("retryAfterTooLong")
    /// Nobody knows whether the call took effect, and it was not declared idempotent.
    public static let outcomeUnknown = Code("outcomeUnknown")
  }

  /// One failed attempt.
  public struct Attempt: Hashable, Sendable {
    /// Its number; the first is 1.
    public let number: Int
    /// What its error said about trying again.
    public let failure: FailureClass
    /// When it ended, since the environment's clock began.
    public let endedAt: Duration
  }

  /// Why there was no further attempt.
  public let code: Code
  /// How many attempts were made.
  public let attemptCount: Int
  /// The first attempt and the newest ones, oldest first; never more than eight.
  public let attempts: [Attempt]
  /// What the last attempt threw.
  public let lastError: any Error
  /// What was given up, why, and what may help.
  public let message: String

  init(_ code: Code, pipeline: String, attemptCount: Int, attempts: [Attempt], lastError: any Error) {
    self.code = code
    self.attemptCount = attemptCount
    self.attempts = attempts
    self.lastError = lastError
    let reason =
      switch code {
      case .budgetExhausted: "its retry budget is used up, because too many calls fail: look at the dependency"
      case .deadlineTooClose:
        "the total time limit would end before the next attempt: allow more time or fewer attempts"
      case .retryAfterTooLong: "it asks for a longer pause than retryAfterMaximum: call again later"
      case .outcomeUnknown: "nobody knows whether it took effect: declare it idempotent if it may be made twice"
      default: "every attempt failed"
      }
    // The last error itself is not printed: its text may hold what the call sent.
    message = "\(pipeline) was given up after \(attemptCount) attempts: \(reason) (last error: \(type(of: lastError)))"
  }

  /// The message.
  public var description: String { message }
}

extension RetryError: ClassifiedFailure {
  /// Giving up is final for the call.
  public var failureClass: FailureClass { code == .outcomeUnknown ? .outcomeUnknown : .permanent }
}
