import TomboloPorts
import TomboloResilience

/// An attempt that did not succeed, as policies understand it: an error with a class.
///
/// An answer that judged the operation, a conflict or a refusal for good, is no failure: the upstream is well.
struct FailedDelivery: ClassifiedFailure {
  /// What the delivery answered or threw; that is what comes out in the end.
  let result: Result<DeliveryOutcome, any Error>
  let failureClass: FailureClass

  /// `nil` when the outcome says nothing against the upstream.
  ///
  /// | outcome | class |
  /// |---|---|
  /// | retry, throttled, or with a wait | throttled |
  /// | retry, timeout | outcome unknown |
  /// | retry, unreachable, the network is there | transient |
  /// | retry, unreachable, the network is away | cancelled: nobody was asked, so no policy counts it either way |
  /// | snooze, unreachable: the delivery was closed | cancelled |
  /// | any other retry | transient |
  /// | anything else | none |
  init?(_ outcome: DeliveryOutcome, isOnline: () -> Bool) {
    switch outcome {
    case .retry(let after, let failure): failureClass = Self.failureClass(after, failure.code, isOnline)
    case .snooze(_, let failure) where failure.code == .unreachable: failureClass = .cancelled
    default: return nil
    }
    result = .success(outcome)
  }

  private static func failureClass(
    _ after: Duration?, _ code: DeliveryFailure.Code, _ isOnline: () -> Bool
  ) -> FailureClass {
    switch code {
    case .throttled: .throttled(retryAfter: after)
    case .timeout: .outcomeUnknown
    // While the network is away this is no sign of a bad upstream, nor of a good one, and trying again at once is of no
    // use: the queue waits for the network.
    case .unreachable: isOnline() ? .transient : .cancelled
    default: after.map { .throttled(retryAfter: $0) } ?? .transient
    }
  }

  /// What a delivery threw instead of answering.
  init(_ error: any Error) {
    result = .failure(error)
    failureClass =
      switch (error as? any ClassifiedError)?.classification {
      case .throttled(let after): .throttled(retryAfter: after)
      case .permanent, .conflict: .permanent
      case .outcomeUnknown: .outcomeUnknown
      case .transient, nil: .transient
      }
  }
}
