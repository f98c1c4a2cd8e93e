public import TomboloPorts
public import TomboloResilience

/// A list of policies of the section `resilience`.
///
///     resilience:
///       upstream:
///         - { type: retryBudget, ratio: 0.2 }
///         - { type: circuitBreaker, failureRatio: 0.5 }
///         - { type: attemptTimeout, limit: 5s }
public struct PipelineSettings: Sendable {
  /// What the list is called; its policies are called so too, unless they have a name of their own.
  public var name: String
  /// How many of the attempts may be repetitions; `nil` when the list sets no such limit.
  public var retryBudget: RetryBudget?
  /// The others, outermost first.
  public var policies: [ConfiguredPolicy]

  /// Policies under a name.
  public init(_ name: String, retryBudget: RetryBudget? = nil, policies: [ConfiguredPolicy] = []) {
    self.name = name
    self.retryBudget = retryBudget
    self.policies = policies
  }
}

/// A policy, and what the config says of it.
public struct ConfiguredPolicy: Sendable {
  /// The name of its plugin.
  public var type: String
  /// Its checked options.
  public var options: PluginOptions
  public var policy: any ResiliencePolicy

  public init(_ type: String, options: PluginOptions, policy: any ResiliencePolicy) {
    self.type = type
    self.options = options
    self.policy = policy
  }
}
