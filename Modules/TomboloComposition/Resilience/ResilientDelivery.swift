import TomboloPorts
import TomboloResilience

/// A delivery with policies around it.
///
/// What a policy refuses is not sent, so it burns no attempt: the operation stays as it was and is told why. Where nobody can
/// be called, because a breaker is open or a rate limit is reached, the upstream as a whole rests, so that a long queue is
/// not taken up and put back one by one; where only this operation has to wait, because its repetitions are used up, it alone
/// does.
///
/// | what happened | outcome |
/// |---|---|
/// | the breaker is open, or probes | suspended until it probes, as `heldBack` |
/// | the rate limit is reached | suspended until the next token, as `heldBack` |
/// | every place of a bulkhead is taken | suspended for a moment; the next success ends it, as `heldBack` |
/// | the retry budget is used up | snoozed, as `heldBack` |
/// | a time limit ended before it was sent | snoozed, as `heldBack` |
/// | a time limit ended during a try | retry, as `timeout` |
/// | a policy ended the attempt after a try had failed | what that try came to, not before the policy lets the next one through |
/// | anything the delivery answered | that |
final class ResilientDelivery: OperationHandler, Closable {
  private let handler: any OperationHandler
  private let policies: DeliveryPolicies

  init(_ handler: any OperationHandler, policies: DeliveryPolicies) {
    self.handler = handler
    self.policies = policies
  }

  var upstream: String { handler.upstream }
  func upstream(for operation: SyncOperation) -> String { handler.upstream(for: operation) }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let isRepeat = attempt.number > 1
    if isRepeat, let budget = policies.budget, !budget.withdraw(at: policies.memory.environment.clock.now.sinceStart) {
      policies.memory.tally.budgetRefused(policies.name)
      return HeldBack.outcome(budgetOf: policies, operation)
    }
    let last = LastTry()
    let result = await run(operation, attempt, last)
    switch (last.wasMade, isRepeat) {
    case (true, false): policies.budget?.deposit()
    case (false, true): policies.budget?.giveBack()
    default: break
    }
    return try result.get()
  }

  func close() async throws {
    try await (handler as? any Closable)?.close()
  }

  private func run(
    _ operation: SyncOperation, _ attempt: DeliveryAttempt, _ last: LastTry
  ) async -> Result<DeliveryOutcome, any Error> {
    do {
      // Every attempt carries its idempotency key, so a try whose outcome is unknown may be repeated.
      let outcome = try await policies.pipeline.run(
        isIdempotent: true, priority: CallPriority(operation.priority)
      ) { [handler, policies] _ in
        last.began()
        let failed: FailedDelivery
        do {
          let outcome = try await handler.deliver(operation, attempt: attempt)
          guard let failure = FailedDelivery(outcome, isOnline: policies.isOnline) else {
            last.succeeded()
            return outcome
          }
          failed = failure
        } catch {
          if error is CancellationError { throw error }
          failed = FailedDelivery(error)
        }
        last.failed(failed, isCancelled: Task.isCancelled)
        throw failed
      }
      return .success(outcome)
    } catch {
      return Result { try outcome(of: error, operation, last.standing) }
    }
  }

  /// - Parameter error: what came out of the policies: the delivery's own failure, or an error of a policy.
  private func outcome(
    of error: any Error, _ operation: SyncOperation, _ last: LastTry.Standing
  ) throws -> DeliveryOutcome {
    switch error {
    case let failed as FailedDelivery:
      return try failed.result.get()
    case let given as RetryError:
      return try outcome(of: given.lastError, operation, last)
    case let timeout as TimeoutError:
      return try ending(last, timeout.message) ?? HeldBack.outcome(waitedFor: timeout.limit)
    case let refusal as ResilienceError:
      let words = "a try did not end in time, and the next was \(HeldBack.words(refusal))"
      return try ending(last, words, pause: refusal.retryAfter) ?? HeldBack.outcome(refusal)
    case let chaos as ChaosError:
      // As if the upstream had failed, but nobody answered, which the network monitor must not be told.
      let code = chaos.effect == .lostOutcome ? DeliveryFailure.Code.timeout : .handlerFailed
      let injected = DeliveryOutcome.retry(after: nil, DeliveryFailure(code, "injected on purpose: \(chaos)"))
      guard case .failed(let failed) = last else { return injected }
      return try failed.result.get()
    default:
      throw error
    }
  }

  /// What an attempt came to that a policy ended: what its last try came to. `nil` when there was none.
  ///
  /// - Parameters:
  ///   - unanswered: what to say when nobody knows what the last try came to.
  ///   - pause: how long the policy will let nothing through; a wait that the delivery asked for is not made shorter.
  private func ending(
    _ last: LastTry.Standing, _ unanswered: String, pause: Duration? = nil
  ) throws -> DeliveryOutcome? {
    switch last {
    case .none:
      return nil
    case .underWay, .succeeded:
      return .retry(after: pause, DeliveryFailure(.timeout, "\(unanswered); it may or may not have acted"))
    case .failed(let failed):
      let outcome = try failed.result.get()
      guard case .retry(let after, let failure) = outcome, let pause else { return outcome }
      return .retry(after: max(after ?? pause, pause), failure)
    }
  }
}

extension CallPriority {
  fileprivate init(_ priority: OperationPriority) {
    self =
      switch priority {
      case .critical: .critical
      case .high: .high
      case .normal: .normal
      case .low: .low
      case .background: .background
      }
  }
}
