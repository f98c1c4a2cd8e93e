import Foundation
import TomboloPorts

/// Reads a configuration from its layers, the later winning: defaults, file, environment, command line.
///
///     let loader = ConfigurationLoader(registry: registry)
///     let configuration = try loader.load(
///       file: "tombolo.yaml", environment: ProcessInfo.processInfo.environment, overrides: ["queue.concurrency=4"])
///
/// Every problem of every layer is reported at once. Nothing but the config file itself is opened.
public struct ConfigurationLoader: Sendable {
  private let registry: PluginRegistry

  /// A loader for configs that may name the plugins of `registry`.
  public init(registry: PluginRegistry) { self.registry = registry }

  /// The checked configuration.
  ///
  /// - Parameters:
  ///   - file: The config file; without one only the other layers count. YAML; JSON when its name ends in `.json`. `${NAME}`
  ///     in a value stands for a variable.
  ///   - text: What the file holds, when it need not be read.
  ///   - environment: Variables such as `TOMBOLO_STORAGE_PATH`: the key's path in capitals, `_` between its parts. Others that
  ///     begin with `TOMBOLO_` are refused, but for `TOMBOLO_CONFIG`.
  ///   - overrides: Texts such as `storage.path=./data`; of two for one key the later one counts. Lists and sections are
  ///     written as YAML here and in variables: `queue.backoff={type: exponential}`.
  public func load(
    file: String? = nil, text: String? = nil, environment: [String: String] = [:], overrides: [String] = []
  ) throws(ConfigurationError) -> Configuration {
    try load(file: file, text: text, environment: environment, overrides: overrides, isDeliveryRequired: true) {
      reader throws in
      try reader.read().map { ($0, $0.selections) }
    }
  }

  /// The checked section `storage`, for what works on a store alone. The config need not say where operations go; whatever
  /// else it says is checked.
  public func loadStorage(
    file: String? = nil, text: String? = nil, environment: [String: String] = [:], overrides: [String] = []
  ) throws(ConfigurationError) -> StorageSettings {
    try load(file: file, text: text, environment: environment, overrides: overrides, isDeliveryRequired: false) {
      reader throws in
      try reader.readStorage().map { ($0, $0.selections) }
    }
  }

  /// - Parameter read: Gives what is wanted, and the plugins that are asked what they have to say against it.
  private func load<Wanted>(
    file: String?, text: String?, environment: [String: String], overrides: [String], isDeliveryRequired: Bool,
    _ read: (inout SettingsReader) throws -> (Wanted, [PluginSelection])?
  ) throws(ConfigurationError) -> Wanted {
    let answer = try self.read(file: file, text: text)
    var problems = answer.problems
    let commandLine = Assignment.reading(overrides: overrides, problems: &problems)
    var references = EnvironmentReferences(environment)
    let written = references.expand(try root(of: answer, problems: problems))
    problems += references.problems
    let variables = Assignment.reading(environment: environment)
    problems += repeated(variables)
    let assignments = variables + commandLine

    let (names, upstreams) = pluginNames(written, assignments)
    let schema = ConfigurationSchema(names: names, upstreams: upstreams, registry: registry)
    var effective = written
    for assignment in assignments { assignment.apply(to: &effective, schema: schema, problems: &problems) }

    var validator = SectionValidator(
      schema: schema, registry: registry, names: names, fileOrigin: file.map { wholeFile($0) },
      isDeliveryRequired: isDeliveryRequired)
    let value = validator.validate(effective)
    // A reference that leads nowhere is not wrong in a second way.
    let unresolved = Set(references.problems.map(\.origin))
    problems += validator.problems.filter { !unresolved.contains($0.origin) }
    do {
      guard let value else { throw ConfigurationError(problems: problems) }
      var reader = try SettingsReader(
        value, names: names, entries: validator.entries, known: validator.problems, registry: registry)
      defer { problems += reader.problems }
      if let (wanted, selections) = try read(&reader) {
        problems += objections(of: selections, entries: validator.entries)
        if problems.isEmpty, reader.problems.isEmpty { return wanted }
      }
    } catch {
      // A value that a problem has removed is missing here as well: the problem says it better.
      if problems.isEmpty { problems.append(ConfigurationProblem(.missing, at: "", "\(error)")) }
    }
    throw ConfigurationError(problems: problems.map { references.hiding($0) })
  }

  private func read(file: String?, text: String?) throws(ConfigurationError) -> YAMLReader.Answer {
    let name = file ?? "config"
    if let text { return Self.read(text, file: name) }
    guard let file else { return YAMLReader.Answer() }
    do {
      return Self.read(try String(contentsOf: URL(fileURLWithPath: file), encoding: .utf8), file: name)
    } catch {
      let reason = FileManager.default.fileExists(atPath: file) ? error.localizedDescription : "there is no such file"
      throw ConfigurationError(problems: [
        ConfigurationProblem(
          .unreadable, at: "", origin: wholeFile(file), "cannot be read: \(reason). Name another with --config FILE")
      ])
    }
  }

  private static func read(_ text: String, file: String) -> YAMLReader.Answer {
    guard JSONFile.isOne(file) else { return YAMLReader.read(text, file: file) }
    if let fault = JSONFile.fault(in: text, file: file) { return YAMLReader.Answer(problems: [fault]) }
    return YAMLReader.read(JSONFile.withoutSurrogates(text), file: file)
  }

  /// The top section, empty when there is none; throws when the text is no YAML, for then nothing can be said about the rest.
  private func root(
    of answer: YAMLReader.Answer, problems: [ConfigurationProblem]
  ) throws(ConfigurationError) -> ConfigurationNode {
    guard let root = answer.root, !root.isNull else {
      guard answer.problems.isEmpty else { throw ConfigurationError(problems: problems) }
      return ConfigurationNode(content: .map([]), origin: .defaultValue)
    }
    guard case .map = root.content else {
      let problem = ConfigurationProblem(
        .syntax, at: "", origin: root.origin, "holds \(root.kindText), but must hold sections such as delivery:")
      throw ConfigurationError(problems: problems + [problem])
    }
    return root
  }

  /// The plugin each slot names once every layer is applied, and the upstreams there are: only then is it known which keys
  /// there are.
  private func pluginNames(
    _ written: ConfigurationNode, _ assignments: [Assignment]
  ) -> (names: [PluginSlot: String], upstreams: [String]) {
    var names: [PluginSlot: String] = [:]
    var upstreams: [String] = []
    // Twice: a variable can set a key of an upstream only once it is known that there is that upstream.
    for _ in 1...2 {
      let schema = ConfigurationSchema(names: names, upstreams: upstreams, registry: registry)
      var scratch = written
      // Whatever is wrong with them is said when they are applied for good.
      var ignored: [ConfigurationProblem] = []
      for assignment in assignments { assignment.apply(to: &scratch, schema: schema, problems: &ignored) }
      upstreams = Self.node(at: PluginSlot.upstreamsPath, in: scratch)?.fieldNames ?? []
      names = [:]
      for slot in PluginSlot.fixed + upstreams.map({ PluginSlot.upstream($0) }) {
        let node = Self.node(at: slot.path, in: scratch)
        if let type = node?["type"] {
          if !type.isNull { names[slot] = type.text }
        } else {
          names[slot] = node.map { !$0.isNull } == true ? slot.nameWhenPresent : slot.defaultName
        }
      }
    }
    return (names, upstreams)
  }

  private static func node(at path: [String], in root: ConfigurationNode) -> ConfigurationNode? {
    path.reduce(root) { node, name in node?[name] }
  }

  /// What the plugins themselves have to say against their sections.
  private func objections(of selections: [PluginSelection], entries: [ConfigurationEntry]) -> [ConfigurationProblem] {
    selections.flatMap { selection in
      registry.problems(in: selection).map { objection in
        let path = selection.options.path
        let origin = entries.first { $0.path == path + ".type" }?.origin
        // The problem names the section already.
        let said = [path + ": ", path + " "].first { objection.message.hasPrefix($0) }
        let message = String(objection.message.dropFirst(said?.count ?? 0))
        return ConfigurationProblem(.outOfRange, at: path, origin: origin, message)
      }
    }
  }

  private func repeated(_ variables: [Assignment]) -> [ConfigurationProblem] {
    let groups = Dictionary(grouping: variables) { $0.words.joined(separator: "_").lowercased() }
    return groups.values.flatMap { same in
      same.dropFirst().map { later in
        ConfigurationProblem(
          .duplicateKey, at: "", origin: later.origin, "sets the same key as \(same[0].origin): remove one of the two")
      }
    }
  }

  private func wholeFile(_ file: String) -> ConfigurationOrigin {
    .file(SourcePosition(file: file, line: 1, column: 1))
  }
}
