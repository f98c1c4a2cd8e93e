import TomboloPorts

/// Every key there may be, for the plugins that are chosen.
struct ConfigurationSchema {
  /// The declaration of the whole config, a section.
  let root: OptionDeclaration
  /// Sections that name a plugin which is unknown: what else they hold cannot be judged.
  let openPaths: Set<String>
  /// Sections that name no plugin.
  let unnamedPaths: Set<String>
  /// Every section that names a plugin.
  let slots: [PluginSlot]

  /// The schema with, in each slot, the options of the plugin that `names` gives it, and a slot for each of `upstreams`.
  init(names: [PluginSlot: String], upstreams: [String] = [], registry: PluginRegistry) {
    let upstreamSlots = upstreams.map { PluginSlot.upstream($0) }
    slots = PluginSlot.fixed + upstreamSlots
    var openPaths: Set<String> = []
    var unnamedPaths: Set<String> = []
    func section(of slot: PluginSlot, holding inner: [OptionDeclaration] = []) -> OptionDeclaration {
      let plugin = names[slot].flatMap { registry.description(of: PluginIdentifier(slot.kind, $0)) }
      if names[slot] == nil {
        unnamedPaths.insert(slot.pathText)
      } else if plugin == nil {
        openPaths.insert(slot.pathText)
      }
      let choices = registry.descriptions(of: slot.kind).map(\.identifier.name)
      let type = OptionDeclaration(
        "type", .choice(choices), default: slot.nameWhenPresent.map { .string($0) },
        isRequired: slot.nameWhenPresent == nil, help: slot.help)
      return OptionDeclaration(
        slot.path.last ?? "", .section([type] + (plugin?.options ?? []) + inner), isRequired: slot.isRequired,
        help: slot.help)
    }
    func section(_ name: String, _ options: [OptionDeclaration], help: String) -> OptionDeclaration {
      OptionDeclaration(name, .section(options), help: help)
    }
    let sections = [
      section("agent", BuiltInOptions.agent, help: "How the program is reached and how it ends."),
      section(of: .storage, holding: [section(of: .encryption)]),
      section(
        "queue",
        QueueOptions.all + [
          section(
            "recovery", RecoveryOptions.all,
            help: "How it comes back after an outage, and treats an upstream that is not well; each upstream by itself."
          ),
          section(
            "versionClock", QueueOptions.versionClock,
            help: "Stamps operations for conflicts that the later writer wins."),
          section(of: .backoff), section(of: .conflict),
        ],
        help: "Limits, retries and conflicts."),
      section(
        "network",
        [
          section(of: .system), section(of: .probe),
          section(
            "upstreams", upstreamSlots.map { section(of: $0) },
            help: "Places that are watched each for itself, by names of your own: { intranet: { type: tcp, … } }."),
        ], help: "How the program learns whether the outside can be reached."),
      section(of: .delivery, holding: [ResilienceOptions.delivery]),
      ResilienceOptions.section(registry),
      section("logging", BuiltInOptions.logging, help: "What the program tells."),
    ]
    root = OptionDeclaration("", .section(sections), help: "")
    self.openPaths = openPaths
    self.unnamedPaths = unnamedPaths
  }

  /// What is declared at `path`: an option, or what stands under a name of a map. `nil` when nothing is.
  func declaration(at path: [String]) -> OptionDeclaration? {
    var current = root
    for name in path {
      switch current.type {
      case .section(let options):
        guard let next = options.first(where: { $0.name == name }) else { return nil }
        current = next
      case .map(let element):
        current = OptionDeclaration(name, element, isSecret: current.isSecret, help: current.help)
      default: return nil
      }
    }
    return current
  }

  /// The declared path that the words of a variable name stand for, whatever their case.
  func path(matching words: [String]) -> [String]? {
    var current = root
    var path: [String] = []
    for word in words {
      guard case .section(let options) = current.type,
        let next = options.first(where: { $0.name.lowercased() == word.lowercased() })
      else { return nil }
      path.append(next.name)
      current = next
    }
    return path
  }

  /// Whether `path` leads into a section whose plugin is unknown.
  func isOpen(_ path: [String]) -> Bool { Self.beginning(of: path, in: openPaths) != nil }

  /// The section without a plugin into which `path` leads.
  func unnamedSection(of path: [String]) -> String? { Self.beginning(of: path, in: unnamedPaths) }

  private static func beginning(of path: [String], in sections: Set<String>) -> String? {
    path.indices.map { path[...$0].joined(separator: ".").lowercased() }.first { sections.contains($0) }
  }

  /// Every path of a key that is no section, and of every section.
  var paths: [String] { Self.paths(of: root, prefix: "") }

  private static func paths(of declaration: OptionDeclaration, prefix: String) -> [String] {
    guard case .section(let options) = declaration.type else { return [] }
    return options.flatMap { option in
      [prefix + option.name] + paths(of: option, prefix: prefix + option.name + ".")
    }
  }
}
