public import TomboloPorts
public import TomboloResilience

/// A plugin that makes a policy around deliveries: `resilience: { upstream: [{ type: circuitBreaker }] }`.
///
///     public enum DutyCyclePlugin: ResiliencePolicyPlugin {
///       public static let identifier = PluginIdentifier(.resilience, "dutyCycle")
///       public static let summary = "Rests for `rest` after each delivery."
///       public static let options = [OptionDeclaration("rest", .duration(…), help: "…")]
///       public static func policy(_ options: PluginOptions, list: String) throws -> DeliveryPolicy {
///         .call(DutyCycle(rest: try options.duration("rest")))
///       }
///     }
///
/// Policies are values that open nothing, so they are made while the config is checked: whether the order of a list does harm
/// is judged by what its policies say about themselves. What a policy does not let through it throws a `ResilienceError` for;
/// the operation then waits, and no attempt is burnt.
///
/// Two policies of one type in a list must differ in the option `name`, where the plugin declares one.
public protocol ResiliencePolicyPlugin: Plugin where Product == DeliveryPolicy {
  /// The policy.
  ///
  /// - Parameter list: The name of the list it stands in: what a policy remembers is kept under it, unless its options say
  ///   otherwise.
  /// - Throws: What is wrong with the options, for the person who wrote them.
  static func policy(_ options: PluginOptions, list: String) throws -> DeliveryPolicy
}

extension ResiliencePolicyPlugin {
  /// The policy of a list with the usual name.
  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> DeliveryPolicy {
    try policy(options, list: ResilienceOptions.standardPipeline)
  }
}

/// What a policy plugin makes.
public enum DeliveryPolicy: Sendable {
  /// Stands around each call of the delivery.
  case call(any ResiliencePolicy)
  /// Limits how many attempts may be repetitions. It stands first in its list, because it counts attempts and not calls.
  case attempts(RetryBudget)
}
