/// Tells what an error says about trying again: the port through which a retry understands a library's errors.
///
/// An implementation is a pure function: quick, without waiting, the same answer for the same error.
public protocol FailureClassifier: Sendable {
  /// The class of `error`. Cancellation of the task is seen by the policies themselves and need not be looked for.
  func classify(_ error: any Error) -> FailureClass
}

/// The classes of this module's own errors and of every `ClassifiedFailure`; anything unknown is transient.
///
/// A refusal of a circuit breaker or of a retry is permanent, because asking again at once gets the same answer; a rate
/// limit is throttled; a full bulkhead is transient; a time limit leaves the outcome unknown.
public struct StandardFailureClassifier: FailureClassifier {
  /// The classifier has no options.
  public init() {}

  /// The class of `error`.
  public func classify(_ error: any Error) -> FailureClass {
    if error is CancellationError { return .cancelled }
    if let known = error as? any ClassifiedFailure { return known.failureClass }
    return .transient
  }
}

extension ResilienceError: ClassifiedFailure {
  /// A rate limit is throttled and a full bulkhead transient; every other refusal is permanent for this call.
  public var failureClass: FailureClass {
    switch code {
    case .rateLimited: .throttled(retryAfter: retryAfter)
    case .bulkheadFull: .transient
    default: .permanent
    }
  }
}
