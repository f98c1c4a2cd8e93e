import TomboloPorts

/// Checks a tree against a schema, fills in defaults, and notes where each value comes from.
struct SectionValidator {
  let schema: ConfigurationSchema
  let registry: PluginRegistry
  /// The plugin of each slot that has one.
  let names: [PluginSlot: String]
  /// Where a missing key is reported: the file as a whole.
  let fileOrigin: ConfigurationOrigin?
  /// Not where only a part of the config is wanted.
  let isDeliveryRequired: Bool
  var problems: [ConfigurationProblem] = []
  var entries: [ConfigurationEntry] = []

  init(
    schema: ConfigurationSchema, registry: PluginRegistry, names: [PluginSlot: String],
    fileOrigin: ConfigurationOrigin?,
    isDeliveryRequired: Bool
  ) {
    self.schema = schema
    self.registry = registry
    self.names = names
    self.fileOrigin = fileOrigin
    self.isDeliveryRequired = isDeliveryRequired
  }

  /// The value of the whole config. It is only to be used when there are no problems.
  mutating func validate(_ root: ConfigurationNode) -> OptionValue? {
    value(of: root, as: schema.root, path: "", parent: fileOrigin, notes: true)
  }

  /// - Parameters:
  ///   - parent: Where the section stands that a missing key is missing from.
  ///   - notes: Whether entries are noted. Not inside a list, which is one entry as a whole.
  mutating func value(
    of node: ConfigurationNode?, as option: OptionDeclaration, path: String, parent: ConfigurationOrigin?, notes: Bool
  ) -> OptionValue? {
    switch option.type {
    case .section(let options):
      return section(node, option, options, path: path, parent: parent, notes: notes)
    case .map(let element):
      guard let node = present(node, option, path: path, parent: parent, notes: notes) else { return fallback(option) }
      guard case .map(let fields) = node.content else { return refuse(node, option, path: path) }
      let entries = fields.compactMap { field -> OptionEntry? in
        if path == ResilienceOptions.sectionName { return policies(field, help: option.help) }
        let inner = OptionDeclaration(field.name, element, isSecret: option.isSecret, help: option.help)
        return value(of: field.node, as: inner, path: "\(path).\(field.name)", parent: node.origin, notes: notes)
          .map { OptionEntry(name: field.name, value: $0) }
      }
      return .map(entries)
    case .list(let element):
      guard let node = present(node, option, path: path, parent: parent, notes: notes) else { return fallback(option) }
      guard case .list(let items) = node.content else { return refuse(node, option, path: path) }
      let inner = OptionDeclaration("", element, isSecret: option.isSecret, help: option.help)
      let values = items.enumerated().compactMap {
        value(of: $1, as: inner, path: "\(path)[\($0)]", parent: node.origin, notes: false)
      }
      if notes { note(option, path: path, value: .list(values), node: node) }
      return .list(values)
    default:
      guard let node = present(node, option, path: path, parent: parent, notes: notes) else { return fallback(option) }
      guard case .scalar(let text, let isPlain) = node.content else { return refuse(node, option, path: path) }
      return scalar(text, isPlain: isPlain, node, option, path: path, notes: notes)
    }
  }

  private mutating func scalar(
    _ text: String, isPlain: Bool, _ node: ConfigurationNode, _ option: OptionDeclaration, path: String, notes: Bool
  ) -> OptionValue? {
    if option.type == .url, URLText.hasCredentials(text) {
      problems.append(
        ConfigurationProblem(
          .wrongType, at: path, origin: node.origin,
          "carries a user name or password, which would show up in logs: remove it from the URL"))
      return nil
    }
    switch ScalarReader(type: option.type).read(text, isPlain: isPlain) {
    case .success(let value):
      if notes { note(option, path: path, value: value, node: node) }
      return value
    case .failure(let fault):
      // A hint may repeat the value.
      let isRisky = option.type == .url && URLText.mayHoldCredentials(text)
      let isHidden = option.isSecret || isRisky || node.written != nil
      let shown =
        option.isSecret || isRisky ? "the value" : node.written.map { "the value of \($0)" } ?? "\"\(text)\""
      let verb = fault.code == .outOfRange ? "is out of range" : "is wrong"
      let hint = isHidden && !isRisky ? "" : fault.hint.map { "; \($0)" } ?? ""
      problems.append(
        ConfigurationProblem(
          fault.code, at: path, origin: node.origin, value: isHidden ? nil : text,
          suggestion: isHidden ? nil : fault.suggestion,
          "\(shown) \(verb): must be \(option.type.allowedText)\(hint)"))
      return nil
    }
  }

  /// The node when something stands there. Otherwise notes the default, or that what is required is missing.
  mutating func present(
    _ node: ConfigurationNode?, _ option: OptionDeclaration, path: String, parent: ConfigurationOrigin?, notes: Bool
  ) -> ConfigurationNode? {
    if let node {
      guard node.isNull else { return node }
      problems.append(
        ConfigurationProblem(
          .wrongType, at: path, origin: node.origin,
          "has no value: give it \(option.type.allowedText), or remove the key"))
      return nil
    }
    if option.defaultValue == nil, option.isRequired {
      problems.append(
        ConfigurationProblem(.missing, at: path, origin: parent, "is missing: give it \(option.type.allowedText)"))
    } else if notes {
      note(option, path: path, value: option.defaultValue, node: nil)
    }
    return nil
  }

  private func fallback(_ option: OptionDeclaration) -> OptionValue? { option.defaultValue }

  mutating func refuse(_ node: ConfigurationNode, _ option: OptionDeclaration, path: String) -> OptionValue? {
    problems.append(
      ConfigurationProblem(
        .wrongType, at: path, origin: node.origin, "is \(node.kindText), but must be \(option.type.allowedText)"))
    return nil
  }

  mutating func note(
    _ option: OptionDeclaration, path: String, value: OptionValue?, node: ConfigurationNode?
  ) {
    entries.append(
      ConfigurationEntry(
        path: path, value: value.map { option.isSecret ? option.render($0) : node?.written ?? option.render($0) },
        origin: node?.origin ?? .defaultValue,
        overridden: node?.replaced ?? [], defaultValue: option.defaultValue.map { option.render($0) },
        allowed: option.type.allowedText, help: option.help, typed: value.map { ConfidentialValue($0) }))
  }
}

extension SectionValidator {
  private mutating func section(
    _ written: ConfigurationNode?, _ option: OptionDeclaration, _ options: [OptionDeclaration], path: String,
    parent: ConfigurationOrigin?, notes: Bool
  ) -> OptionValue? {
    // A section whose keys are all commented out is an empty one.
    let node = written.flatMap { $0.isNull ? nil : $0 }
    let slot = schema.slots.first { $0.pathText == path }
    if node == nil {
      if let slot, slot.defaultName == nil { return absent(slot) }
      if !option.isRequired, options.contains(where: { $0.isRequired && $0.defaultValue == nil }) { return nil }
    }
    if let node, let text = node.text {
      // A text that is no plugin's name may hold anything, a secret too.
      let meant = slot.flatMap { slot in
        registry.descriptions(of: slot.kind).map(\.identifier.name).first { $0 == text }
      }
      let hint = meant.map { ": write \(option.name): { type: \($0) }" } ?? ""
      problems.append(
        ConfigurationProblem(
          .wrongType, at: path, origin: node.origin, value: meant, "is a single value, but must be a section\(hint)"))
      return nil
    }
    var fields: [ConfigurationField] = []
    if let node {
      guard case .map(let written) = node.content else { return refuse(node, option, path: path) }
      fields = written
    }
    if let slot, let refusal = pluginProblem(slot, node) {
      problems.append(refusal)
      return nil
    }
    for field in fields where !options.contains(where: { $0.name == field.name }) {
      problems.append(unknownKey(field, options, slot: slot, path: path))
    }
    let values = options.compactMap { inner -> OptionEntry? in
      let innerPath = path.isEmpty ? inner.name : "\(path).\(inner.name)"
      let field = fields.first { $0.name == inner.name }
      let place = path.isEmpty ? parent : node?.origin ?? parent
      return value(of: field?.node, as: inner, path: innerPath, parent: place, notes: notes)
        .map { OptionEntry(name: inner.name, value: $0) }
    }
    return .map(values)
  }

  private mutating func absent(_ slot: PluginSlot) -> OptionValue? {
    if case .upstream = slot, let problem = pluginProblem(slot, nil) {
      problems.append(problem)
      return nil
    }
    guard slot.isRequired, isDeliveryRequired else { return nil }
    let compiled = registry.descriptions(of: slot.kind).map(\.identifier.description).joined(separator: ", ")
    problems.append(
      ConfigurationProblem(
        .missing, at: slot.pathText, origin: fileOrigin,
        "is missing: say where operations go, as in \(slot.pathText): { type: http, baseURL: https://example.org }. "
          + "Compiled in: \(compiled.isEmpty ? "none" : compiled)"))
    return nil
  }

  /// What is wrong with the name of the plugin; its options can then not be judged.
  private func pluginProblem(_ slot: PluginSlot, _ node: ConfigurationNode?) -> ConfigurationProblem? {
    let path = slot.pathText + ".type"
    let type = node?["type"]
    guard let name = names[slot] else {
      let choices = registry.descriptions(of: slot.kind).map(\.identifier.name).joined(separator: ", ")
      return ConfigurationProblem(
        type == nil ? .missing : .wrongType, at: path, origin: type?.origin ?? node?.origin ?? fileOrigin,
        "\(type == nil ? "is missing" : "has no value"): give it one of \(choices.isEmpty ? "none" : choices)")
    }
    let identifier = PluginIdentifier(slot.kind, name)
    guard registry.description(of: identifier) == nil else { return nil }
    let text = UnknownPluginText(identifier, in: registry)
    return ConfigurationProblem(
      .unknownPlugin, at: path, origin: type?.origin ?? fileOrigin, value: name.shownAsKey, suggestion: text.suggestion,
      text.message)
  }

  private func unknownKey(
    _ field: ConfigurationField, _ options: [OptionDeclaration], slot: PluginSlot?, path: String
  ) -> ConfigurationProblem {
    let names = options.map(\.name)
    let shown = field.name.shownAsKey
    let nearest = NearestName.find(field.name, among: names)
    let elsewhere = schema.paths.filter { $0.hasSuffix(".\(field.name)") }
    var hint = ""
    if let nearest {
      hint = "; did you mean \"\(nearest)\"?"
    } else if let owner = otherPlugin(with: field.name, slot: slot) {
      hint = "; it is a key of \(owner)."
    } else if elsewhere.count == 1 {
      hint = "; did you mean \"\(elsewhere[0])\"?"
    }
    let place = path.isEmpty ? "at the top" : slot.flatMap { self.names[$0] }.map { "for type \($0)" } ?? "here"
    return ConfigurationProblem(
      .unknownKey, at: path.isEmpty ? shown : "\(path).\(shown)", origin: field.origin, value: shown,
      suggestion: nearest ?? (elsewhere.count == 1 ? elsewhere[0] : nil),
      "no such key\(hint.isEmpty ? "." : hint) Keys \(place): \(names.sorted().joined(separator: ", "))")
  }

  private func otherPlugin(with name: String, slot: PluginSlot?) -> PluginIdentifier? {
    guard let slot else { return nil }
    return registry.descriptions(of: slot.kind).first { $0.options.contains { $0.name == name } }?.identifier
  }
}
