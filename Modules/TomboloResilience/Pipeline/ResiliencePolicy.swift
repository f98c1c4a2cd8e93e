/// One policy as a value: what it does, not yet what it remembers.
public protocol ResiliencePolicy: Sendable {
  /// The policy with its clock and state.
  associatedtype Bound: BoundPolicy

  /// What is printed and what the order is checked by, outermost first.
  var summaries: [PolicySummary] { get }

  /// Gives the policy its clock and the state it shares by name.
  func bind(to environment: ResilienceEnvironment, pipeline: String) -> Bound
}

/// A policy that can run a call, perhaps several copies at once.
public protocol BoundPolicy: Sendable {
  /// Runs `body` under the policy.
  ///
  /// Cancellation of the task reaches `body`, and is never retried nor swallowed. What the policy took is given back on every
  /// path.
  func runConcurrently<T: Sendable>(
    _ attempt: ResilienceAttempt, _ body: @escaping @Sendable (ResilienceAttempt) async throws -> T
  ) async throws -> T
}

/// A policy that never has more than one copy of `body` under way, which may therefore use what only its caller may use.
public protocol SequentialPolicy: BoundPolicy {
  /// Runs `body` under the policy, one copy at a time, with the promises of `BoundPolicy`.
  func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T
}

extension SequentialPolicy {
  /// One copy at a time serves here as well.
  @inlinable
  public func runConcurrently<T: Sendable>(
    _ attempt: ResilienceAttempt, _ body: @escaping @Sendable (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    try await run(attempt, isolation: nil, body)
  }
}
