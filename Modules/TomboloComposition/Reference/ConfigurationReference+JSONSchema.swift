import Foundation
import TomboloPorts

extension ConfigurationReference {
  /// A JSON Schema (draft 07) of configuration files, for editors: names, values, meanings while one writes.
  ///
  /// It judges one file alone. What another layer may add is therefore not required, and what several values decide together
  /// is left to `tombolo config check`.
  public func jsonSchema() throws -> String {
    let reference: SchemaNode = [
      "description": "The value of a variable.", "type": "string", "pattern": .string(SchemaNode.referencePattern),
    ]
    let schema = node(for: root, path: "").adding([
      "$schema": "http://json-schema.org/draft-07/schema#", "title": "Configuration of tombolo",
      "definitions": ["reference": reference],
    ])
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(schema), as: UTF8.self)
  }

  func node(for option: OptionDeclaration, path: String) -> SchemaNode {
    var text = option.help
    if let value = option.defaultValue { text += " Default: \(option.render(value))." }
    return type(option, path: path).adding(text.isEmpty ? [:] : ["description": .string(text)])
  }

  private func type(_ option: OptionDeclaration, path: String) -> SchemaNode {
    switch option.type {
    case .string: ["type": ["string", "number", "boolean"]]
    case .url: ["type": "string", "pattern": .string("^[hH][tT][tT][pP][sS]?://|" + SchemaNode.referencePattern)]
    case .boolean: .orReference(["type": "boolean"])
    case .integer(let range):
      .orReference(
        ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
        // Digits in groups are a text to editors.
        ["type": "string", "pattern": "^[+-]?[1-9][0-9_]*$"])
    case .number(let range):
      .orReference(["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)])
    case .duration:
      ["type": "string", "pattern": .string("^[0-9]+(ms|s|m|h|d)$|" + SchemaNode.referencePattern)]
    case .size: ["type": "string", "pattern": .string("^[0-9]+(B|KiB|MiB|GiB)$|" + SchemaNode.referencePattern)]
    case .choice(let words): .orReference(["enum": .list(words.map { .string($0) })])
    case .list(let element):
      ["type": "array", "items": node(for: OptionDeclaration("", element, help: ""), path: path + "[]")]
    case .map(let element):
      [
        "type": ["object", "null"],
        "additionalProperties": node(for: OptionDeclaration("", element, help: ""), path: path + "{}"),
      ]
    case .section where path == Self.policyPath: policySchema()
    case .section(let options): section(options, path: path)
    }
  }

  private func section(_ options: [OptionDeclaration], path: String) -> SchemaNode {
    if path == PluginSlot.upstreamsPath.joined(separator: "."), let anyOne = options.first {
      return [
        "type": ["object", "null"], "additionalProperties": node(for: anyOne, path: "\(path).\(anyOne.name)"),
      ]
    }
    guard let slot = slots[path] else {
      return closed(options, path: path).adding(["type": ["object", "null"]])
    }
    let plugins = registry.descriptions(of: slot.kind)
    let choices = plugins.map { plugin -> SchemaNode in
      let name = SchemaNode.string(plugin.identifier.name)
      let isNamed: SchemaNode = ["properties": ["type": ["const": name]], "required": ["type"]]
      let isMeant: SchemaNode =
        slot.nameWhenPresent == plugin.identifier.name
        ? ["anyOf": [isNamed, ["not": ["required": ["type"]]]]] : isNamed
      return ["if": isMeant, "then": closed(options + plugin.options, path: path)]
    }
    // The type itself is judged in any case: where it names nothing, no `if` holds.
    let type = options.first { $0.name == "type" }.map { node(for: $0, path: path + ".type") } ?? [:]
    return ["type": ["object", "null"], "properties": ["type": type], "allOf": .list(choices)]
  }

  /// These keys and no others. In the items of a list nothing comes from another layer: there, what is required must be.
  func closed(_ options: [OptionDeclaration], path: String) -> SchemaNode {
    let properties = options.map { option in
      (option.name, node(for: option, path: path.isEmpty ? option.name : "\(path).\(option.name)"))
    }
    let required = path.contains("[]") ? options.filter { $0.isRequired && $0.defaultValue == nil } : []
    return [
      "properties": .map(Dictionary(properties, uniquingKeysWith: { first, _ in first })),
      "additionalProperties": .boolean(false), "required": .list(required.map { .string($0.name) }),
    ]
  }
}
