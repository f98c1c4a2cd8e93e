import TomboloPorts
import TomboloResilience

@testable import TomboloComposition

extension PipelineSettings {
  /// Settings of policies that no config was read for.
  init(_ name: String, retryBudget: RetryBudget? = nil, described: [PolicyDescription]) throws {
    self.init(
      name, retryBudget: retryBudget,
      policies: try described.map { description in
        let values = description.options.mapValues { option -> OptionValue in
          switch option {
          case .text(let text): .string(text)
          case .number(let number): .number(number)
          case .duration(let duration): .duration(duration)
          case .flag(let flag): .boolean(flag)
          }
        }
        return ConfiguredPolicy(
          description.type, options: PluginOptions(path: name, values: values),
          policy: try DescribedPolicies.policy(description, name: name))
      })
  }
}
