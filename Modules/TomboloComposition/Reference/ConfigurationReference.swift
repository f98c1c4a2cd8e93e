public import TomboloPorts

/// Everything a configuration may say, read off the declarations that configurations are checked against: for documentation,
/// for editors, and for tests that walk through every key.
public struct ConfigurationReference: Sendable {
  /// A section, and the keys that stand directly in it.
  public struct Section: Hashable, Sendable {
    /// `queue.backoff`; empty for the whole.
    public var path: String
    public var help: String
    /// The kind of plugin that it names; `nil` for a section without `type`.
    public var kind: PluginKind?
    /// The plugin that counts when the configuration names none.
    public var defaultName: String?
    /// Whether it is an item of a list: such keys are set with the whole list, and by no variable of their own.
    public var isInList = false
    /// Without the keys of plugins.
    public var keys: [DeclaredKey]
    /// The plugins it may name, each with its keys.
    public var plugins: [PluginSection]
  }

  /// What a section may hold besides when it names this plugin.
  public struct PluginSection: Hashable, Sendable {
    public var description: PluginDescription
    public var keys: [DeclaredKey]
  }

  /// In the order of the schema, each before those inside it.
  public let sections: [Section]
  let root: OptionDeclaration
  /// The sections that name a plugin, by their paths.
  let slots: [String: PluginSlot]
  let registry: PluginRegistry

  /// Stands in paths for the name of an upstream, which a configuration chooses.
  public static let upstreamName = "NAME"

  /// The reference for configurations that may name the plugins of `registry`.
  public init(registry: PluginRegistry) {
    self.registry = registry
    let schema = ConfigurationSchema(names: [:], upstreams: [Self.upstreamName], registry: registry)
    root = schema.root
    slots = Dictionary(schema.slots.map { ($0.pathText, $0) }, uniquingKeysWith: { first, _ in first })
    sections = Self.sections(of: root, path: "", slots, registry) + [Self.policySection(registry)]
  }

  /// Every key, those of every plugin included. Sections are no keys; what stands in a list is in `itemKeys`.
  public var keys: [DeclaredKey] {
    sections.filter { !$0.isInList }.flatMap { $0.keys + $0.plugins.flatMap(\.keys) }
  }

  /// Every key of the items of lists: `delivery.routes[].kind`.
  public var itemKeys: [DeclaredKey] {
    keys.flatMap(\.inner) + sections.filter(\.isInList).flatMap { $0.keys + $0.plugins.flatMap(\.keys) }
  }

  private static func sections(
    of declaration: OptionDeclaration, path: String, _ slots: [String: PluginSlot], _ registry: PluginRegistry
  ) -> [Section] {
    guard case .section(let options) = declaration.type else { return [] }
    let slot = slots[path]
    let plugins = slot.map { registry.descriptions(of: $0.kind) } ?? []
    let own = Section(
      path: path, help: declaration.help, kind: slot?.kind, defaultName: slot?.defaultName,
      keys: options.filter { !$0.isSection }.map { DeclaredKey(path: join(path, $0.name), plugin: nil, option: $0) },
      plugins: plugins.map { plugin in
        PluginSection(description: plugin, keys: keys(of: plugin.options, path: path, plugin.identifier))
      })
    return (path.isEmpty ? [] : [own])
      + options.filter(\.isSection).flatMap { sections(of: $0, path: join(path, $0.name), slots, registry) }
  }

  /// A plugin's keys, with those of its inner sections.
  static func keys(
    of options: [OptionDeclaration], path: String, _ plugin: PluginIdentifier
  ) -> [DeclaredKey] {
    options.flatMap { option -> [DeclaredKey] in
      let inner = join(path, option.name)
      guard case .section(let options) = option.type else {
        return [DeclaredKey(path: inner, plugin: plugin, option: option)]
      }
      return keys(of: options, path: inner, plugin)
    }
  }

  private static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}

extension OptionDeclaration {
  var isSection: Bool {
    if case .section = type { true } else { false }
  }
}
