import GRPCCore
import TomboloPorts

/// Decides what a status means for the operation. A pure function: the table of the module, in one place.
///
/// | status | outcome |
/// |---|---|
/// | `OK` | delivered |
/// | `UNAVAILABLE`, `INTERNAL`, `UNKNOWN`, `CANCELLED` | retry, not before what the upstream asks for |
/// | `DEADLINE_EXCEEDED` | retry; it may or may not have acted |
/// | `RESOURCE_EXHAUSTED` | retry as throttled, not before what the upstream asks for |
/// | `ALREADY_EXISTS` | conflict |
/// | `ABORTED` | conflict when it tells of the version it holds, otherwise retry |
/// | `FAILED_PRECONDITION` | conflict when it tells of the version it holds or was asked to replace one, otherwise reject |
/// | `UNAUTHENTICATED`, `PERMISSION_DENIED` | suspend the upstream, keep the operation |
/// | `INVALID_ARGUMENT`, `NOT_FOUND`, `OUT_OF_RANGE`, `UNIMPLEMENTED`, `DATA_LOSS` | reject |
///
/// `ABORTED` alone is what databases answer when two transactions met, which passes; `FAILED_PRECONDITION` alone does not pass
/// by itself. Either becomes a conflict when the upstream says what it holds, for then there is something to decide.
struct StatusMapping: Sendable {
  /// How long an upstream rests that does not accept our credentials.
  var unauthorizedPause: Duration
  var text: AnswerText

  func outcome(
    of refusal: UpstreamRefusal, to operation: SyncOperation, attempt: DeliveryAttempt
  ) -> DeliveryOutcome {
    let words = text.describe(Self.name(refusal.code), refusal.message, to: operation)
    func retry(_ code: DeliveryFailure.Code) -> DeliveryOutcome {
      .retry(after: refusal.retryAfter, DeliveryFailure(code, words))
    }
    func conflict() -> DeliveryOutcome {
      var remote = refusal.remote ?? RemoteVersion(detail: "")
      let detail = text.excerpt(of: remote.detail, to: operation)
      remote.detail = detail.isEmpty ? words : detail
      return .conflict(remote)
    }
    switch refusal.code {
    case .deadlineExceeded: return retry(.timeout)
    case .resourceExhausted: return retry(.throttled)
    case .alreadyExists: return conflict()
    case .aborted: return refusal.remote == nil ? retry(.upstreamFailed) : conflict()
    case .failedPrecondition where refusal.remote != nil || attempt.replacing != nil: return conflict()
    case .unauthenticated, .permissionDenied:
      return .suspend(for: unauthorizedPause, DeliveryFailure(.unauthorized, words))
    case .failedPrecondition, .invalidArgument, .notFound, .outOfRange, .unimplemented, .dataLoss:
      return .reject(DeliveryFailure(.refused, words))
    // UNAVAILABLE, INTERNAL, UNKNOWN, CANCELLED, and whatever a later gRPC may add.
    default: return retry(.upstreamFailed)
    }
  }

  /// As gRPC writes it: `DEADLINE_EXCEEDED`.
  static func name(_ code: RPCError.Code) -> String {
    switch code {
    case .cancelled: "CANCELLED"
    case .unknown: "UNKNOWN"
    case .invalidArgument: "INVALID_ARGUMENT"
    case .deadlineExceeded: "DEADLINE_EXCEEDED"
    case .notFound: "NOT_FOUND"
    case .alreadyExists: "ALREADY_EXISTS"
    case .permissionDenied: "PERMISSION_DENIED"
    case .resourceExhausted: "RESOURCE_EXHAUSTED"
    case .failedPrecondition: "FAILED_PRECONDITION"
    case .aborted: "ABORTED"
    case .outOfRange: "OUT_OF_RANGE"
    case .unimplemented: "UNIMPLEMENTED"
    case .internalError: "INTERNAL"
    case .unavailable: "UNAVAILABLE"
    case .dataLoss: "DATA_LOSS"
    case .unauthenticated: "UNAUTHENTICATED"
    default: "status \(code.rawValue)"
    }
  }
}
