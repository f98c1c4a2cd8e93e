/// Something a policy did that an operator may want to count or read.
///
/// An event carries names, numbers and durations, never what a call sent or received.
public struct ResilienceEvent: Sendable {
  /// What happened.
  public enum Kind: Sendable {
    /// Attempt number `attempt` failed with this class, and the next one comes after `delay`.
    case retryScheduled(attempt: Int, delay: Duration, failure: FailureClass)
    /// No further attempt after this many, for this reason.
    case retryStopped(attempts: Int, reason: RetryError.Code)
    /// The time limit ended before the call did.
    case timedOut(limit: Duration)
    /// The breaker went from one state to another.
    case breakerChanged(from: CircuitBreakerState, to: CircuitBreakerState)
    /// The call was refused without being made.
    case refused(ResilienceError.Code)
    /// The second or a later copy of a call was started.
    case hedgeStarted(copy: Int)
    /// This copy of a hedged call answered first; the first copy is number 1.
    case hedgeWon(copy: Int)
    /// The adaptive limit moved.
    case limitChanged(from: Int, to: Int)
    /// The call failed and its fallback answered.
    case fallbackUsed
    /// The chaos policy did this to a call.
    case chaosInjected(ChaosEffect)
  }

  /// The pipeline's name.
  public let pipeline: String
  /// The policy's name.
  public let policy: String
  /// What happened.
  public let kind: Kind

  /// An event; policies of one's own make them as well.
  public init(pipeline: String, policy: String, kind: Kind) {
    self.pipeline = pipeline
    self.policy = policy
    self.kind = kind
  }
}

/// Hears what policies do: the port for logs and metrics.
///
/// Called in the middle of a call, on whatever thread that runs, by many calls at once: be quick, never wait. No lock of a
/// policy is held meanwhile. On the happy path of retry, breaker and time limit nothing is told at all.
public protocol ResilienceListener: Sendable {
  /// Takes note of an event.
  func receive(_ event: ResilienceEvent)
}
