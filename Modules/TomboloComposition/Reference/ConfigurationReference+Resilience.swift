import TomboloPorts

extension ConfigurationReference {
  /// Where a policy stands, in the paths of the schema.
  static let policyPath = "\(ResilienceOptions.resilience.name){}[]"

  /// A policy for editors: what may stand beside its type depends on the type.
  func policySchema() -> SchemaNode {
    let choices = ResilienceOptions.types.compactMap { type in
      ResilienceOptions.options(of: type).map { options -> SchemaNode in
        [
          "if": ["properties": ["type": ["const": .string(type)]], "required": ["type"]],
          "then": closed(options, path: Self.policyPath),
        ]
      }
    }
    return [
      "type": "object", "properties": ["type": node(for: ResilienceOptions.type, path: Self.policyPath + ".type")],
      "required": ["type"], "allOf": .list(choices),
    ]
  }
}
