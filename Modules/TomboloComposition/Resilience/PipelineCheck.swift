import TomboloPorts
import TomboloResilience

/// What only all policies of a list together can tell: names, unknown combinations of options, and an order that does harm.
struct PipelineCheck {
  struct Problem {
    /// The policy it is about; `nil` when it is the list as a whole.
    var index: Int?
    var option: String?
    var message: String
  }

  private(set) var problems: [Problem] = []
  private(set) var settings: PipelineSettings
  /// What has a state in this list: types with names.
  private var stateful: Set<String> = []

  /// - Parameter list: policies whose own keys are checked already.
  init(name: String, _ list: OptionValue, registry: PluginRegistry) {
    settings = PipelineSettings(name)
    guard case .list(let items) = list else { return }
    // Where each of the summaries stands in the list as it is written.
    var places: [Int] = []
    for (index, item) in items.enumerated() {
      guard case .map(let entries) = item else { continue }
      let pairs = entries.map { ($0.name, $0.value) }
      let options = PluginOptions(
        path: "\(ResilienceOptions.sectionName).\(name)[\(index)]",
        values: Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
      guard let type = options.text("type"), let plugin = registry.policyPlugin(type) else { continue }
      checkNames(options, of: type, plugin, at: index)
      switch policy(plugin, options.leavingOut(["type"]), at: index) {
      case .attempts(let budget): take(budget, of: type, at: index)
      case .call(let policy):
        places += policy.summaries.map { _ in index }
        settings.policies.append(ConfiguredPolicy(type, options: options, policy: policy))
      case nil: continue
      }
    }
    for problem in PolicyOrder.problems(in: settings.policies.flatMap(\.policy.summaries)) {
      let kinds = settings.policies.flatMap(\.policy.summaries).map(\.kind)
      let offender = Self.offender(problem.rule).flatMap { kinds.lastIndex(of: $0) }
      problems.append(
        Problem(index: offender.map { places[$0] }, message: "does harm in this order: \(problem)"))
    }
  }

  private mutating func checkNames(
    _ options: PluginOptions, of type: String, _ plugin: any ResiliencePolicyPlugin.Type, at index: Int
  ) {
    for key in ["name", "budgetName"] {
      if let name = options.text(key), !PolicyName.isUsable(name) {
        problems.append(Problem(index: index, option: key, message: "\"\(name)\" is no name: \(PolicyName.rule)"))
      }
    }
    let hasState = plugin.options.contains { $0.name == "name" }
    if hasState, !stateful.insert("\(type)/\(options.text("name") ?? settings.name)").inserted {
      problems.append(
        Problem(
          index: index, option: "name",
          message: "another \(type) of this list has this name, and the two would share their state: give it its own"))
    }
  }

  private mutating func policy(
    _ plugin: any ResiliencePolicyPlugin.Type, _ options: PluginOptions, at index: Int
  ) -> DeliveryPolicy? {
    let objections = plugin.problems(in: options)
    problems += objections.map { Problem(index: index, message: $0.message) }
    guard objections.isEmpty else { return nil }
    do {
      return try plugin.policy(options, list: settings.name)
    } catch let error as PolicyDescriptionError {
      problems += error.problems.map { Problem(index: index, option: $0.option, message: $0.message) }
    } catch {
      problems.append(Problem(index: index, message: "\(error)"))
    }
    return nil
  }

  private mutating func take(_ budget: RetryBudget, of type: String, at index: Int) {
    if index > 0 {
      problems.append(
        Problem(
          index: index,
          message:
            "\(type) counts the attempts of operations, not tries within one, so it must be the first of the list"))
    }
    settings.retryBudget = budget
  }

  /// The policy that a person would move or remove.
  private static func offender(_ rule: PolicyOrder.Rule) -> PolicySummary.Kind? {
    switch rule {
    case .totalTimeoutInsideRetry: .totalTimeout
    case .attemptTimeoutOutsideRetry, .waitInsideAttemptTimeout, .breakerInsideAttemptTimeout, .attemptLongerThanTotal:
      .attemptTimeout
    case .twoRetries, .retryOfRefusals, .retryInsideHedge: .retry
    case .hedgeWithoutIdempotency: .hedge
    case .repeatedPolicy: nil
    }
  }
}

extension PluginOptions {
  /// The text under `name`; `nil` when nothing, or no text, stands there.
  func text(_ name: String) -> String? {
    guard case .string(let text)? = value(name) else { return nil }
    return text
  }
}
