import TomboloPorts
import TomboloResilience

/// How calls of the online half are made.
protocol OnlineCalls: Sendable {
  /// Makes a call, perhaps several times; what it throws comes out as it was.
  ///
  /// - Parameter isOnline: asked when nobody answered.
  func make<Answer: Sendable>(
    isOnline: @escaping @Sendable () -> Bool, _ call: @escaping @Sendable () async throws -> Answer
  ) async throws -> Answer
}

/// Each call is made once.
struct PlainOnlineCalls: OnlineCalls {
  func make<Answer: Sendable>(
    isOnline: @escaping @Sendable () -> Bool, _ call: @escaping @Sendable () async throws -> Answer
  ) async throws -> Answer {
    try await call()
  }
}

/// Policies stand around each call. Reading twice does no harm and an edit carries its identity, so calls count as idempotent.
struct PolicedOnlineCalls<Bound: BoundPolicy>: OnlineCalls {
  let pipeline: ResiliencePipeline<Bound>

  func make<Answer: Sendable>(
    isOnline: @escaping @Sendable () -> Bool, _ call: @escaping @Sendable () async throws -> Answer
  ) async throws -> Answer {
    do {
      return try await pipeline.run(isIdempotent: true) { _ in
        do {
          return try await call()
        } catch {
          if error is CancellationError { throw error }
          throw FailedOnlineCall(error, isOnline: isOnline)
        }
      }
    } catch let failed as FailedOnlineCall {
      throw failed.error
    } catch let given as RetryError {
      throw (given.lastError as? FailedOnlineCall)?.error ?? given
    }
  }
}

/// What an online call threw, as policies understand it.
struct FailedOnlineCall: TomboloResilience.ClassifiedFailure {
  let error: any Error
  let failureClass: FailureClass

  init(_ error: any Error, isOnline: () -> Bool) {
    self.error = error
    failureClass = Self.failureClass(error, isOnline)
  }

  private static func failureClass(_ error: any Error, _ isOnline: () -> Bool) -> FailureClass {
    // The service answered: it is well, and asking again brings the same.
    guard OnlineFailure(error) == .fallBack else { return .permanent }
    switch error {
    case let failure as any TomboloResilience.ClassifiedFailure: return failure.failureClass
    case let failure as DeliveryFailure:
      switch failure.code {
      // While the network is away this says nothing about the service.
      case .unreachable: return isOnline() ? .transient : .cancelled
      case .timeout: return .outcomeUnknown
      case .throttled: return .throttled(retryAfter: nil)
      case .conflict, .unauthorized: return .permanent
      default: return .transient
      }
    case let error as any ClassifiedError:
      return switch error.classification {
      case .transient: .transient
      case .throttled(let after): .throttled(retryAfter: after)
      case .permanent, .conflict: .permanent
      case .outcomeUnknown: .outcomeUnknown
      }
    default: return .transient
    }
  }
}
