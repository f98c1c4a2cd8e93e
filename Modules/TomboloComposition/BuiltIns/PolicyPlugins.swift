import TomboloPorts
import TomboloResilience

/// The policies that come with the composition, in the order in which they usually stand.
enum PolicyPlugins {
  static let all: [any ResiliencePolicyPlugin.Type] = [
    RetryBudgetPlugin.self, TotalTimeoutPlugin.self, RetryPlugin.self, CircuitBreakerPlugin.self, BulkheadPlugin.self,
    RateLimitPlugin.self, AdaptiveLimitPlugin.self, AttemptTimeoutPlugin.self, ChaosPlugin.self,
  ]

  /// Their types in the config.
  static var names: [String] { all.map { $0.identifier.name } }
}

extension PluginRegistry {
  /// Adds the policies of `TomboloResilience` that may stand around a delivery, and the retry budget of operations.
  mutating func registerPolicies() throws(PluginRegistryError) {
    func register(_ plugin: (some ResiliencePolicyPlugin).Type) throws(PluginRegistryError) {
      try self.register(plugin)
    }
    for plugin in PolicyPlugins.all { try register(plugin) }
  }
}

/// A policy of `TomboloResilience`, made of its description. The name of the plugin is the type there.
private protocol DescribedPolicyPlugin: ResiliencePolicyPlugin {}

extension DescribedPolicyPlugin {
  static var stability: PluginStability { .stable }
  static var options: [OptionDeclaration] { ResilienceOptions.options(of: identifier.name) }

  static func policy(_ options: PluginOptions, list: String) throws -> DeliveryPolicy {
    let given = Self.options.compactMap { option in
      options.value(option.name).flatMap(PolicyDescription.Option.init).map { (option.name, $0) }
    }
    let description = PolicyDescription(identifier.name, Dictionary(given, uniquingKeysWith: { first, _ in first }))
    return .call(try DescribedPolicies.policy(description, name: list))
  }
}

extension PolicyDescription.Option {
  /// `nil` for what no policy has.
  fileprivate init?(_ value: OptionValue) {
    switch value {
    case .string(let text): self = .text(text)
    case .boolean(let flag): self = .flag(flag)
    case .integer(let number): self = .number(Double(number))
    case .number(let number): self = .number(number)
    case .duration(let duration): self = .duration(duration)
    case .size, .list, .map: return nil
    }
  }
}

private enum TotalTimeoutPlugin: DescribedPolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, "totalTimeout")
  static let summary = "Limits how long an attempt may take, with all its tries."
}

private enum RetryPlugin: DescribedPolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, "retry")
  static let summary = "Tries again at once, within an attempt, without waiting in the queue."
}

private enum CircuitBreakerPlugin: DescribedPolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, "circuitBreaker")
  static let summary = "Leaves an upstream alone that keeps failing, and probes it after a while."
}

private enum BulkheadPlugin: DescribedPolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, "bulkhead")
  static let summary = "Permits so many deliveries at once."
}

private enum RateLimitPlugin: DescribedPolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, "rateLimit")
  static let summary = "Permits so many deliveries in each period."
}

private enum AdaptiveLimitPlugin: DescribedPolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, "adaptiveLimit")
  static let summary = "Finds out how many deliveries at once the upstream bears."
}

private enum AttemptTimeoutPlugin: DescribedPolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, "attemptTimeout")
  static let summary = "Limits how long one try may take."
}

private enum ChaosPlugin: DescribedPolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, "chaos")
  static let summary = "Injects faults on purpose, for the time of a drill."
}

/// Counts the queue's attempts, so it is no policy around calls.
private enum RetryBudgetPlugin: ResiliencePolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, ResilienceOptions.retryBudget)
  static let summary = "Keeps the repetitions of operations a share of the traffic. Stands first in its list."
  static let stability = PluginStability.stable
  static let options = ResilienceOptions.options(of: ResilienceOptions.retryBudget)

  static func policy(_ options: PluginOptions, list: String) throws -> DeliveryPolicy {
    .attempts(
      RetryBudget(
        try options.stringIfPresent("name") ?? list, ratio: try options.number("ratio"),
        perSecondMinimum: try options.number("minimumPerSecond"), savedMaximum: try options.number("maximumSaved")))
  }
}
