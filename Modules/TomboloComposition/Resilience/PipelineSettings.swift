public import TomboloResilience

/// A list of policies of the section `resilience`.
///
///     resilience:
///       upstream:
///         - { type: retryBudget, ratio: 0.2 }
///         - { type: circuitBreaker, failureRatio: 0.5 }
///         - { type: attemptTimeout, limit: 5s }
public struct PipelineSettings: Hashable, Sendable {
  /// What the list is called; its policies are called so too, unless they have a name of their own.
  public var name: String
  /// How many of the attempts may be repetitions; `nil` when the list sets no such limit.
  public var retryBudget: RetryBudget?
  /// The others, outermost first.
  public var policies: [PolicyDescription]

  /// Policies under a name.
  public init(_ name: String, retryBudget: RetryBudget? = nil, policies: [PolicyDescription] = []) {
    self.name = name
    self.retryBudget = retryBudget
    self.policies = policies
  }
}
