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
  init?(_ outcome: DeliveryOutcome, isOnline: () -> Bool) {
    guard case .retry(let after, let failure) = outcome else { return nil }
    result = .success(outcome)
    switch failure.code {
    case .throttled: failureClass = .throttled(retryAfter: after)
    case .timeout: failureClass = .outcomeUnknown
    // While the network is away this is no sign of a bad upstream, and trying again at once is of no use: the queue waits
    // for the network. Permanent is what policies leave alone.
    case .unreachable: failureClass = isOnline() ? .transient : .permanent
    default: failureClass = after.map { .throttled(retryAfter: $0) } ?? .transient
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
