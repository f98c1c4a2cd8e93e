public import TomboloPorts

/// What `tombolo plugins` tells about one plugin.
public struct PluginDescription: Hashable, Sendable {
  public var identifier: PluginIdentifier
  public var summary: String
  public var stability: PluginStability
  public var options: [OptionDeclaration]
}

extension PluginDescription {
  /// A line for the plugin and, indented, two for each option.
  public var text: String {
    let keys = options.map { DeclaredKey(path: $0.name, plugin: identifier, option: $0) }
    let lines = keys.flatMap { [$0] + $0.inner }.flatMap { key -> [String] in
      let option = key.option
      let fallback =
        option.defaultValue.map { ", default \(option.render($0))" } ?? (option.isRequired ? ", required" : "")
      return ["  \(key.path): \(option.type.allowedText)\(fallback)", "      \(option.help)"]
    }
    return (["\(identifier)  \(summary) (\(stability.rawValue))"] + lines).joined(separator: "\n")
  }
}

extension PluginDescription: Encodable {
  private enum Field: String, CodingKey { case identifier, kind, name, summary, stability, options }
  private enum OptionField: String, CodingKey { case name, type, allowed, `default`, required, secret, help, options }

  /// `{"identifier","kind","name","summary","stability","options":[{"name","type","allowed","default"?,"required","secret","help"}]}`;
  /// an option that is a section, or whose items are, has `options` of its own.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Field.self)
    try container.encode(identifier.description, forKey: .identifier)
    try container.encode(identifier.kind.rawValue, forKey: .kind)
    try container.encode(identifier.name, forKey: .name)
    try container.encode(summary, forKey: .summary)
    try container.encode(stability.rawValue, forKey: .stability)
    try Self.encode(options, to: container.nestedUnkeyedContainer(forKey: .options))
  }

  private static func encode(_ options: [OptionDeclaration], to container: any UnkeyedEncodingContainer) throws {
    var list = container
    for option in options {
      var container = list.nestedContainer(keyedBy: OptionField.self)
      try container.encode(option.name, forKey: .name)
      try container.encode(option.type.name, forKey: .type)
      try container.encode(option.type.allowedText, forKey: .allowed)
      try container.encodeIfPresent(option.defaultValue.map { option.render($0) }, forKey: .default)
      try container.encode(option.isRequired, forKey: .required)
      try container.encode(option.isSecret, forKey: .secret)
      try container.encode(option.help, forKey: .help)
      let inner = option.type.innerOptions.options
      if !inner.isEmpty { try encode(inner, to: container.nestedUnkeyedContainer(forKey: .options)) }
    }
  }
}

extension OptionType {
  fileprivate var name: String {
    switch self {
    case .string: "string"
    case .url: "url"
    case .boolean: "boolean"
    case .integer: "integer"
    case .number: "number"
    case .duration: "duration"
    case .size: "size"
    case .choice: "choice"
    case .list(let element): "list of \(element.name)"
    case .map(let element): "map of \(element.name)"
    case .section: "section"
    }
  }
}
