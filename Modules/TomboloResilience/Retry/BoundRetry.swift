/// A retry with its clock and its budget.
public struct BoundRetry: SequentialPolicy {
  let policy: Retry
  let environment: ResilienceEnvironment
  let pipeline: String
  @usableFromInline let budget: SharedRetryBudget?
  /// Beside the policy's other settings this one is read on every call.
  @usableFromInline let isIdempotent: Bool

  init(policy: Retry, environment: ResilienceEnvironment, pipeline: String, budget: SharedRetryBudget?) {
    self.policy = policy
    self.environment = environment
    self.pipeline = pipeline
    self.budget = budget
    isIdempotent = policy.isIdempotent
  }

  /// Runs `body` until it succeeds or must be given up.
  @inlinable
  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    budget?.deposit()
    var current = attempt
    current.isIdempotent = attempt.isIdempotent || isIdempotent
    // Made by the first failure: a call that succeeds at once pays nothing for it.
    var machine: RetryMachine?
    while true {
      do {
        return try await body(current)
      } catch {
        try await waitOrThrow(after: error, current, &machine, isolation: isolation)
        current.number += 1
      }
    }
  }

  /// Returns when the next attempt may begin; throws when there is none.
  @usableFromInline
  func waitOrThrow(
    after error: any Error, _ attempt: ResilienceAttempt, _ machine: inout RetryMachine?,
    isolation: isolated (any Actor)?
  ) async throws {
    // A cancelled client often throws an error of its own: it is the caller's doing all the same.
    if Task.isCancelled { throw error }
    let failure = policy.classify(error)
    var state = machine ?? RetryMachine(attempts: policy.attemptMaximum, retryAfterMaximum: policy.retryAfterMaximum)
    let start = environment.clock.now
    let decision = environment.draw { random in
      state.failed(
        attempt: attempt.number, as: failure, isIdempotent: attempt.isIdempotent, now: start.sinceStart,
        deadline: attempt.deadline?.sinceStart, backoff: policy.backoff, using: &random)
    }
    machine = state
    switch decision {
    case .rethrow:
      throw error
    case .stop(let code):
      throw givenUp(code, attempt, state, error)
    case .retry(let delay):
      if let budget, !budget.withdraw(at: start.sinceStart) {
        throw givenUp(.budgetExhausted, attempt, state, error)
      }
      environment.tell(
        .retryScheduled(attempt: attempt.number, delay: delay, failure: failure), policy: "retry", pipeline: pipeline)
      do {
        try await environment.clock.sleep(until: start.advanced(by: delay))
        try Task.checkCancellation()
      } catch {
        budget?.giveBack()
        throw error
      }
    }
  }

  private func givenUp(
    _ code: RetryError.Code, _ attempt: ResilienceAttempt, _ machine: RetryMachine, _ error: any Error
  ) -> RetryError {
    environment.tell(.retryStopped(attempts: attempt.number, reason: code), policy: "retry", pipeline: pipeline)
    return RetryError(
      code, pipeline: pipeline, attemptCount: attempt.number, attempts: machine.history, lastError: error)
  }
}
