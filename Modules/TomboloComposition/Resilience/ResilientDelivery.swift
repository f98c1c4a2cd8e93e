import Synchronization
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
/// | a time limit ended after that | retry, as `timeout` |
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
    let call = MadeCall()
    let result = await run(operation, attempt, call)
    switch (call.isMade, isRepeat) {
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
    _ operation: SyncOperation, _ attempt: DeliveryAttempt, _ call: MadeCall
  ) async -> Result<DeliveryOutcome, any Error> {
    do {
      // Every attempt carries its idempotency key, so a try whose outcome is unknown may be repeated.
      let outcome = try await policies.pipeline.run(
        isIdempotent: true, priority: CallPriority(operation.priority)
      ) { [handler, policies] _ in
        call.made()
        do {
          let outcome = try await handler.deliver(operation, attempt: attempt)
          if let failed = FailedDelivery(outcome, isOnline: policies.isOnline) { throw failed }
          return outcome
        } catch let error where !(error is FailedDelivery) {
          if error is CancellationError { throw error }
          throw FailedDelivery(error)
        }
      }
      return .success(outcome)
    } catch {
      return Result { try self.outcome(of: error, operation, call) }
    }
  }

  private func outcome(
    of error: any Error, _ operation: SyncOperation, _ call: MadeCall
  ) throws -> DeliveryOutcome {
    switch error {
    case let failed as FailedDelivery:
      return try failed.result.get()
    case let given as RetryError:
      guard let failed = given.lastError as? FailedDelivery else {
        return try outcome(of: given.lastError, operation, call)
      }
      return try failed.result.get()
    case let timeout as TimeoutError:
      guard call.isMade else { return HeldBack.outcome(waitedFor: timeout.limit) }
      return .retry(after: nil, DeliveryFailure(.timeout, "\(timeout.message); it may or may not have acted"))
    case let refusal as ResilienceError:
      // A try was made and failed, and only the next one was refused: that is an attempt like any other.
      guard !call.isMade else {
        return .retry(
          after: refusal.retryAfter,
          DeliveryFailure(.upstreamFailed, "it failed, and was not tried again at once: \(refusal.message)"))
      }
      return HeldBack.outcome(refusal)
    case let chaos as ChaosError:
      return .retry(after: nil, DeliveryFailure(.upstreamFailed, "injected on purpose: \(chaos)"))
    default:
      throw error
    }
  }
}

/// Whether the delivery was called at all.
private final class MadeCall: Sendable {
  private let state = Mutex(false)
  var isMade: Bool { state.withLock { $0 } }
  func made() { state.withLock { $0 = true } }
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
