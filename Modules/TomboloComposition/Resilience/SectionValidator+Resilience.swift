import TomboloPorts
import TomboloResilience

extension SectionValidator {
  /// Checks one list of policies: each by the keys of its type, then all together by what they do to each other.
  mutating func policies(_ field: ConfigurationField, help: String) -> OptionEntry? {
    let path = "\(ResilienceOptions.sectionName).\(field.name)"
    let type = ResilienceOptions.type(registry)
    var option = OptionDeclaration(field.name, .list(of: .section([type])), help: help)
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
    let values = items.enumerated().map { index, item in policy(item, type, path: "\(path)[\(index)]") }
    let known = values.compactMap { $0 }
    guard known.count == values.count else { return nil }
    let list = OptionValue.list(known)
    problems += PipelineCheck(name: field.name, list, registry: registry).problems.map { problem in
      let place = problem.index.map { "\(path)[\($0)]" } ?? path
      return ConfigurationProblem(
        .conflict, at: place + (problem.option.map { ".\($0)" } ?? ""),
        origin: problem.index.map { index in
          problem.option.flatMap { items[index][$0]?.origin } ?? items[index].origin
        } ?? node.origin, problem.message)
    }
    // Noted with the keys of all its policies, so that what is secret is known as such.
    option.type = .list(of: .section([type] + items.flatMap { options(of: $0) ?? [] }))
    note(option, path: path, value: list, node: node)
    return OptionEntry(name: field.name, value: list)
  }

  /// The keys of the policy's plugin; `nil` when it names none that is compiled in.
  private func options(of item: ConfigurationNode) -> [OptionDeclaration]? {
    guard let type = item["type"], !type.isNull, let name = type.text else { return nil }
    return registry.description(of: PluginIdentifier(.resilience, name))?.options
  }

  private mutating func policy(_ item: ConfigurationNode, _ type: OptionDeclaration, path: String) -> OptionValue? {
    let before = problems.count
    guard case .map = item.content else {
      // Only a word that is known is repeated: what stands in a wrong place may be a secret from elsewhere.
      let word = item.text.flatMap { registry.policyPlugin($0) == nil ? nil : $0 }
      let hint = word.map { ": write { type: \($0) }" } ?? ""
      problems.append(
        ConfigurationProblem(
          .wrongType, at: path, origin: item.origin, value: word,
          "is \(item.kindText), but must be a section\(hint)"))
      return nil
    }
    guard let options = options(of: item) else {
      refusePolicy(item, type, path: path)
      return nil
    }
    let value = value(
      of: item, as: OptionDeclaration("", .section([type] + options), help: ""), path: path, parent: item.origin,
      notes: false)
    return problems.count == before ? value : nil
  }

  /// Of a type that nobody knows only the type can be judged.
  private mutating func refusePolicy(_ item: ConfigurationNode, _ type: OptionDeclaration, path: String) {
    guard let written = item["type"], !written.isNull, let name = written.text else {
      _ = value(of: item["type"], as: type, path: "\(path).type", parent: item.origin, notes: false)
      return
    }
    if name == PolicySummary.Kind.hedge.rawValue {
      problems.append(
        ConfigurationProblem(
          .conflict, at: path, origin: item.origin,
          "a delivery cannot be hedged: a copy that is late could arrive after a later operation of the same ordering "
            + "key. Remove it"))
      return
    }
    let text = UnknownPluginText(PluginIdentifier(.resilience, name), in: registry)
    problems.append(
      ConfigurationProblem(
        .unknownPlugin, at: "\(path).type", origin: written.origin, value: name.shownAsKey, suggestion: text.suggestion,
        text.message))
  }
}
