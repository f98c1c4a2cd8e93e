/// A value of the config as it was written, before anything is known about its type.
struct ConfigurationNode: Sendable {
  indirect enum Content: Sendable {
    /// `isPlain`: without quotes, so that `null` means nothing and `true` a boolean.
    case scalar(String, isPlain: Bool)
    case list([ConfigurationNode])
    case map([ConfigurationField])
  }

  var content: Content
  var origin: ConfigurationOrigin
  /// The values this one took the place of, the latest first.
  var replaced: [ConfigurationOrigin] = []
  /// The text as it is written, when what counts came from a variable by reference and is not to be shown.
  var written: String?

  /// Written as nothing, `~` or `null`.
  var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// The field of this name, when this is a map that has it.
  subscript(name: String) -> ConfigurationNode? {
    guard case .map(let fields) = content else { return nil }
    return fields.first { $0.name == name }?.node
  }

  /// The names of its fields, when this is a map.
  var fieldNames: [String] {
    guard case .map(let fields) = content else { return [] }
    return fields.map(\.name)
  }

  /// What it is, for messages about something else being expected.
  var kindText: String {
    switch content {
    case .scalar: "a single value"
    case .list: "a list"
    case .map: "a section"
    }
  }

  /// The text of a scalar.
  var text: String? {
    guard case .scalar(let text, _) = content else { return nil }
    return text
  }

  /// Puts `node` at `path`, making the sections on the way. Where something else than a section is in the way it stays: it is
  /// a problem of its own, and reported as one.
  mutating func set(_ path: ArraySlice<String>, to node: ConfigurationNode) {
    guard let name = path.first else {
      let earlier = self
      self = node
      note(earlier)
      return
    }
    if isNull { content = .map([]) }
    guard case .map(var fields) = content else { return }
    if let index = fields.firstIndex(where: { $0.name == name }) {
      fields[index].node.set(path.dropFirst(), to: node)
    } else {
      var made = ConfigurationNode(content: .map([]), origin: node.origin)
      if path.count == 1 { made = node } else { made.set(path.dropFirst(), to: node) }
      fields.append(ConfigurationField(name: name, origin: node.origin, node: made))
    }
    content = .map(fields)
  }
}

extension ConfigurationNode {
  /// Notes what this node took the place of, and so does each value inside it that the other had, too.
  private mutating func note(_ earlier: ConfigurationNode) {
    replaced = [earlier.origin] + earlier.replaced
    guard case .map(var fields) = content else { return }
    for index in fields.indices {
      if let inner = earlier[fields[index].name] { fields[index].node.note(inner) }
    }
    content = .map(fields)
  }
}

/// A name and what stands under it.
struct ConfigurationField: Sendable {
  var name: String
  /// Where the name stands.
  var origin: ConfigurationOrigin
  var node: ConfigurationNode
}
