import TomboloPorts
import TomboloResilience

extension SectionValidator {
  /// Checks one list of policies: each by the keys of its type, then all together by what they do to each other.
  mutating func policies(_ field: ConfigurationField) -> OptionEntry? {
    let path = "\(ResilienceOptions.resilience.name).\(field.name)"
    let option = OptionDeclaration(
      field.name, .list(of: .section([ResilienceOptions.type])), help: ResilienceOptions.resilience.help)
    guard PolicyName.isUsable(field.name) else {
      problems.append(
        ConfigurationProblem(
          .wrongType, at: path, origin: field.origin, value: field.name,
          "\"\(field.name)\" cannot be a name here: \(PolicyName.rule)"))
      return nil
    }
    guard let node = present(field.node, option, path: path, parent: field.origin, notes: false) else { return nil }
    guard case .list(let items) = node.content else {
      _ = refuse(node, option, path: path)
      return nil
    }
    guard !items.isEmpty else {
      problems.append(
        ConfigurationProblem(
          .missing, at: path, origin: node.origin,
          "holds no policy: give it one such as - { type: circuitBreaker }, "
            + "or remove the key"))
      return nil
    }
    let values = items.enumerated().map { index, item in policy(item, path: "\(path)[\(index)]") }
    let known = values.compactMap { $0 }
    guard known.count == values.count else { return nil }
    let list = OptionValue.list(known)
    problems += PipelineCheck(name: field.name, list).problems.map { problem in
      let place = problem.index.map { "\(path)[\($0)]" } ?? path
      return ConfigurationProblem(
        .conflict, at: place + (problem.option.map { ".\($0)" } ?? ""),
        origin: problem.index.map { index in
          problem.option.flatMap { items[index][$0]?.origin } ?? items[index].origin
        } ?? node.origin, problem.message)
    }
    note(option, path: path, value: list, node: node)
    return OptionEntry(name: field.name, value: list)
  }

  private mutating func policy(_ item: ConfigurationNode, path: String) -> OptionValue? {
    let before = problems.count
    guard case .map = item.content else {
      // Only a word that is known is repeated: what stands in a wrong place may be a secret from elsewhere.
      let word = item.text.flatMap { ResilienceOptions.types.contains($0) ? $0 : nil }
      let hint = word.map { ": write { type: \($0) }" } ?? ""
      problems.append(
        ConfigurationProblem(
          .wrongType, at: path, origin: item.origin, value: word,
          "is \(item.kindText), but must be a section\(hint)"))
      return nil
    }
    if item["type"]?.text == PolicySummary.Kind.hedge.rawValue {
      problems.append(
        ConfigurationProblem(
          .conflict, at: path, origin: item.origin,
          "a delivery cannot be hedged: a copy that is late could arrive after a later operation of the same ordering "
            + "key. Remove it"))
      return nil
    }
    // Of a type that nobody knows only the type can be judged.
    let text = item["type"].flatMap { $0.isNull ? nil : $0.text }
    guard let options = text.flatMap({ ResilienceOptions.options(of: $0) }) else {
      let written = item["type"]
      _ = value(
        of: written, as: ResilienceOptions.type, path: "\(path).type", parent: item.origin, notes: false)
      return nil
    }
    let value = value(
      of: item, as: OptionDeclaration("", .section(options), help: ""), path: path, parent: item.origin, notes: false)
    return problems.count == before ? value : nil
  }
}
