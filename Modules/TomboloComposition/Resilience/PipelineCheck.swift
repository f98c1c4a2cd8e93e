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

  /// - Parameter list: policies whose own keys are checked already.
  init(name: String, _ list: OptionValue) {
    settings = PipelineSettings(name)
    guard case .list(let items) = list else { return }
    // Where each of the descriptions stands in the list as it is written.
    var places: [Int] = []
    var stateful: Set<String> = []
    for (index, item) in items.enumerated() {
      guard case .map(let entries) = item, let type = Self.text("type", entries) else { continue }
      for key in ["name", "budgetName"] {
        if let name = Self.text(key, entries), !PolicyName.isUsable(name) {
          problems.append(Problem(index: index, option: key, message: "\"\(name)\" is no name: \(PolicyName.rule)"))
        }
      }
      let hasState = ResilienceOptions.options(of: type)?.contains { $0.name == "name" } ?? false
      if hasState, !stateful.insert("\(type)/\(Self.text("name", entries) ?? name)").inserted {
        problems.append(
          Problem(
            index: index, option: "name",
            message: "another \(type) of this list has this name, and the two would share their state: give it its own")
        )
      }
      if type == ResilienceOptions.retryBudget {
        readBudget(entries, at: index)
      } else {
        places.append(index)
        settings.policies.append(Self.description(type, entries))
      }
    }
    checkOrder(places)
  }

  private mutating func readBudget(_ entries: [OptionEntry], at index: Int) {
    if index > 0 {
      problems.append(
        Problem(
          index: index,
          message:
            "retryBudget counts the attempts of operations, not tries within one, so it must be the first of the list"))
    }
    settings.retryBudget = RetryBudget(
      Self.text("name", entries) ?? settings.name, ratio: Self.number("ratio", entries) ?? 0.2,
      perSecondMinimum: Self.number("minimumPerSecond", entries) ?? 10,
      savedMaximum: Self.number("maximumSaved", entries) ?? 100)
  }

  private mutating func checkOrder(_ places: [Int]) {
    do {
      let described = try DescribedPolicies(settings.policies, name: settings.name)
      let kinds = described.summaries.map(\.kind)
      for problem in PolicyOrder.problems(in: described.summaries) {
        let offender = Self.offender(problem.rule).flatMap { kinds.lastIndex(of: $0) }
        let place = offender.flatMap { places.indices.contains($0) ? places[$0] : nil }
        problems.append(Problem(index: place, message: "does harm in this order: \(problem)"))
      }
    } catch let error as PolicyDescriptionError {
      problems += error.problems.map { problem in
        Problem(
          index: places.indices.contains(problem.index) ? places[problem.index] : nil, option: problem.option,
          message: problem.message)
      }
    } catch {
      problems.append(Problem(index: nil, message: "\(error)"))
    }
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

  private static func description(_ type: String, _ entries: [OptionEntry]) -> PolicyDescription {
    let options = entries.filter { $0.name != "type" }.compactMap { entry in
      option(entry.value).map { (entry.name, $0) }
    }
    return PolicyDescription(type, Dictionary(options, uniquingKeysWith: { first, _ in first }))
  }

  private static func option(_ value: OptionValue) -> PolicyDescription.Option? {
    switch value {
    case .string(let text): .text(text)
    case .boolean(let flag): .flag(flag)
    case .integer(let number): .number(Double(number))
    case .number(let number): .number(number)
    case .duration(let duration): .duration(duration)
    case .size, .list, .map: nil
    }
  }

  private static func text(_ name: String, _ entries: [OptionEntry]) -> String? {
    guard case .string(let text)? = entries.first(where: { $0.name == name })?.value else { return nil }
    return text
  }

  private static func number(_ name: String, _ entries: [OptionEntry]) -> Double? {
    guard case .number(let number)? = entries.first(where: { $0.name == name })?.value else { return nil }
    return number
  }
}
