/// A time limit ended before the call did. Whether the call took effect is unknown.
public struct TimeoutError: Error, Sendable, CustomStringConvertible, ClassifiedFailure {
  /// Which limit it was.
  public enum Scope: String, Hashable, Sendable {
    /// That of one attempt.
    case attempt
    /// That of the call with all its attempts.
    case total
  }

  /// Which limit it was.
  public let scope: Scope
  /// The limit.
  public let limit: Duration
  /// What the call threw when it was cancelled; `nil` when it was abandoned and had thrown nothing yet.
  public let cause: (any Error)?
  /// What took too long.
  public let message: String

  init(_ scope: Scope, limit: Duration, pipeline: String, cause: (any Error)?) {
    self.scope = scope
    self.limit = limit
    self.cause = cause
    message = "\(pipeline) did not answer within the \(scope.rawValue) time limit of \(limit)"
  }

  /// The message.
  public var description: String { message }

  /// One attempt's end leaves the outcome unknown; after the total limit there is nothing to retry.
  public var failureClass: FailureClass { scope == .attempt ? .outcomeUnknown : .permanent }
}
