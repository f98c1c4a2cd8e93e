import TomboloPorts

extension ConfigurationReference {
  /// Where a policy stands, in the paths of the schema.
  static let policyPath = "\(ResilienceOptions.sectionName){}[]"

  /// The items of the lists of policies, for the reference.
  static func policySection(_ registry: PluginRegistry) -> Section {
    let path = "\(ResilienceOptions.sectionName).\(upstreamName)[]"
    let plugins = registry.descriptions(of: .resilience)
    return Section(
      path: path, help: ResilienceOptions.section(registry).help, kind: .resilience, isInList: true,
      keys: [DeclaredKey(path: path + ".type", plugin: nil, option: ResilienceOptions.type(registry))],
      plugins: plugins.map { PluginSection(description: $0, keys: keys(of: $0.options, path: path, $0.identifier)) })
  }

  /// A policy for editors: what may stand beside its type depends on the type.
  func policySchema() -> SchemaNode {
    let type = ResilienceOptions.type(registry)
    let choices = registry.descriptions(of: .resilience).map { plugin -> SchemaNode in
      [
        "if": ["properties": ["type": ["const": .string(plugin.identifier.name)]], "required": ["type"]],
        "then": closed([type] + plugin.options, path: Self.policyPath),
      ]
    }
    return [
      "type": "object", "properties": ["type": node(for: type, path: Self.policyPath + ".type")],
      "required": ["type"], "allOf": .list(choices),
    ]
  }
}
