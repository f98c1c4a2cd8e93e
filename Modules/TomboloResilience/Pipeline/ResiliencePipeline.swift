/// Policies around a call, outermost first.
///
///     let billing = try ResiliencePipeline("billing") {
///       TotalTimeout(.seconds(10))
///       Retry(attempts: 3)
///       CircuitBreaking("billing")
///       AttemptTimeout(.seconds(2))
///     }
///     let invoice = try await billing.run { attempt in try await client.invoice(id) }
///
/// The order is checked when the pipeline is built, and `description` prints it. A pipeline is a value: build it once and
/// pass it around, or build it again; what its policies remember is kept by name in the environment.
public struct ResiliencePipeline<Bound: BoundPolicy>: Sendable, CustomStringConvertible {
  /// The name in messages and events.
  public let name: String
  /// The policies, outermost first.
  public let policies: [PolicySummary]
  @usableFromInline let bound: Bound
  private let environment: ResilienceEnvironment

  /// A pipeline of the policies written in the closure.
  ///
  /// - Throws: `PolicyOrderError` when the order does harm.
  public init<P: ResiliencePolicy>(
    _ name: String,
    environment: ResilienceEnvironment = ResilienceEnvironment(),
    @PolicyBuilder _ policies: () -> P
  ) throws where P.Bound == Bound {
    try self.init(name, environment: environment, policy: policies())
  }

  init<P: ResiliencePolicy>(_ name: String, environment: ResilienceEnvironment, policy: P) throws
  where P.Bound == Bound {
    self.name = name
    self.environment = environment
    self.policies = policy.summaries
    let problems = PolicyOrder.problems(in: self.policies)
    guard problems.isEmpty else { throw PolicyOrderError(pipeline: name, problems: problems) }
    bound = policy.bind(to: environment, pipeline: name)
  }

  /// The policies in the order in which a call goes through them.
  public var description: String {
    "\(name): " + (policies.map(\.description) + ["call"]).joined(separator: " > ")
  }

  // Where the policies allow it, the caller's own isolation is better, and the overload below is meant. The language prefers
  // the one whose closure type says more, which is this one: without the attribute `pipeline.run { numbers.append(…) }` does
  // not compile for any pipeline. A second name for the same thing, or a protocol that exists for the ranking of overloads
  // alone, would be paid for by every reader; should the attribute ever go, callers get an error and no other behaviour.

  /// Runs `body` under the policies. `body` is called once for each attempt, perhaps several times at once.
  ///
  /// Errors of `body` come out unchanged, unless a policy has something to add: `RetryError` after more than one attempt,
  /// `TimeoutError` when a limit ended, `ResilienceError` when the call was refused.
  @inlinable
  @_disfavoredOverload
  public func run<T: Sendable>(
    isIdempotent: Bool = false, priority: CallPriority = .normal,
    _ body: @escaping @Sendable (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    try await bound.runConcurrently(ResilienceAttempt(isIdempotent: isIdempotent, priority: priority), body)
  }

  /// Runs `body` under the policies; when that fails, `fallback` answers instead, with the error that was the reason.
  ///
  /// A cancelled call has no fallback: its caller no longer waits.
  @inlinable
  @_disfavoredOverload
  public func run<T: Sendable>(
    isIdempotent: Bool = false, priority: CallPriority = .normal,
    _ body: @escaping @Sendable (ResilienceAttempt) async throws -> T,
    fallback: (any Error) async throws -> T
  ) async throws -> T {
    do {
      return try await run(isIdempotent: isIdempotent, priority: priority, body)
    } catch {
      guard mayFallBack(after: error) else { throw error }
      return try await fallback(error)
    }
  }

  @usableFromInline
  func mayFallBack(after error: any Error) -> Bool {
    guard !(error is CancellationError), !Task.isCancelled else { return false }
    environment.tell(.fallbackUsed, policy: "fallback", pipeline: name)
    return true
  }
}

extension ResiliencePipeline where Bound: SequentialPolicy {
  /// Runs `body` under the policies, one attempt at a time, where the caller runs: `body` may use what only the caller may.
  ///
  /// Errors of `body` come out unchanged, unless a policy has something to add: `RetryError` after more than one attempt,
  /// `TimeoutError` when a limit ended, `ResilienceError` when the call was refused.
  @inlinable
  public func run<T>(
    isIdempotent: Bool = false, priority: CallPriority = .normal, isolation: isolated (any Actor)? = #isolation,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    try await bound.run(ResilienceAttempt(isIdempotent: isIdempotent, priority: priority), isolation: isolation, body)
  }

  /// Runs `body` under the policies; when that fails, `fallback` answers instead, with the error that was the reason.
  ///
  /// A cancelled call has no fallback: its caller no longer waits.
  @inlinable
  public func run<T>(
    isIdempotent: Bool = false, priority: CallPriority = .normal, isolation: isolated (any Actor)? = #isolation,
    _ body: (ResilienceAttempt) async throws -> T,
    fallback: (any Error) async throws -> T
  ) async throws -> T {
    do {
      return try await run(isIdempotent: isIdempotent, priority: priority, isolation: isolation, body)
    } catch {
      guard mayFallBack(after: error) else { throw error }
      return try await fallback(error)
    }
  }
}
