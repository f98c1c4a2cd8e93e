/// Two policies as one: the outer runs the inner. The types of the whole chain are known to the caller's compiler: in an optimised
/// build a call through sequential policies that succeeds at once allocates nothing, which `Tools/Benchmarks/allocations` counts.
/// Where one of the policies makes copies of the call, closures must outlive it, and each link of the chain allocates one.
public struct PolicyChain<Outer: ResiliencePolicy, Inner: ResiliencePolicy>: ResiliencePolicy {
  let outer: Outer
  let inner: Inner

  /// Those of the outer, then those of the inner.
  public var summaries: [PolicySummary] { outer.summaries + inner.summaries }

  /// Binds both.
  public func bind(
    to environment: ResilienceEnvironment, pipeline: String
  ) -> BoundPolicyChain<Outer.Bound, Inner.Bound> {
    BoundPolicyChain(
      outer: outer.bind(to: environment, pipeline: pipeline), inner: inner.bind(to: environment, pipeline: pipeline))
  }
}

/// A chain with its clocks and states.
public struct BoundPolicyChain<Outer: BoundPolicy, Inner: BoundPolicy>: BoundPolicy {
  @usableFromInline let outer: Outer
  @usableFromInline let inner: Inner

  /// The outer runs the inner, which runs `body`.
  @inlinable
  public func runConcurrently<T: Sendable>(
    _ attempt: ResilienceAttempt, _ body: @escaping @Sendable (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    try await outer.runConcurrently(attempt) { [inner] in try await inner.runConcurrently($0, body) }
  }
}

extension BoundPolicyChain: SequentialPolicy where Outer: SequentialPolicy, Inner: SequentialPolicy {
  /// The outer runs the inner, which runs `body`.
  @inlinable
  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    try await outer.run(attempt, isolation: isolation) {
      try await inner.run($0, isolation: isolation, body)
    }
  }
}

/// No policy: runs the call.
public struct NoPolicy: ResiliencePolicy, SequentialPolicy {
  /// There is nothing to set.
  public init() {}

  /// Nothing to print.
  public var summaries: [PolicySummary] { [] }

  /// It needs nothing.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> NoPolicy { self }

  /// Runs `body`.
  @inlinable
  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    try await body(attempt)
  }
}

/// Makes one policy of those written one below the other, outermost first.
@resultBuilder
public enum PolicyBuilder {
  /// Nothing written.
  public static func buildBlock() -> NoPolicy { NoPolicy() }
  /// The outermost policy.
  public static func buildPartialBlock<P: ResiliencePolicy>(first: P) -> P { first }
  /// One more policy inside those above.
  public static func buildPartialBlock<Outer: ResiliencePolicy, Inner: ResiliencePolicy>(
    accumulated: Outer, next: Inner
  ) -> PolicyChain<Outer, Inner> {
    PolicyChain(outer: accumulated, inner: next)
  }
}
