import TomboloPorts

/// A value given by a variable or an override, not yet looked up in the schema.
struct Assignment: Sendable {
  /// As it is written: exact in an override, to be matched without regard to case in a variable.
  var words: [String]
  var text: String
  var origin: ConfigurationOrigin

  static let prefix = "TOMBOLO_"
  /// Names the config file; it is no key.
  static let fileVariable = "TOMBOLO_CONFIG"

  /// The variables that are meant for the config, in the order of their names.
  static func reading(environment: [String: String]) -> [Assignment] {
    environment.filter { $0.key.hasPrefix(prefix) && $0.key != fileVariable }
      .sorted { $0.key < $1.key }
      .map { name, text in
        let words = name.dropFirst(prefix.count).split(separator: "_", omittingEmptySubsequences: false)
        return Assignment(words: words.map(String.init), text: text, origin: .environment(name))
      }
  }

  /// Overrides such as `storage.path=./x`, in their order; what is none becomes a problem.
  static func reading(overrides: [String], problems: inout [ConfigurationProblem]) -> [Assignment] {
    overrides.compactMap { override in
      guard let equals = override.firstIndex(of: "="), equals != override.startIndex else {
        problems.append(
          ConfigurationProblem(
            .syntax, at: "", origin: .commandLine(override),
            "an override is written KEY=VALUE, as in storage.path=./data"))
        return nil
      }
      let path = String(override[..<equals])
      return Assignment(
        words: path.split(separator: ".", omittingEmptySubsequences: false).map(String.init),
        text: String(override[override.index(after: equals)...]), origin: .commandLine(path))
    }
  }

  /// The declared path it sets, or `nil`.
  func path(in schema: ConfigurationSchema) -> [String]? {
    switch origin {
    case .environment: schema.path(matching: words)
    default: schema.declaration(at: words).map { _ in words }
    }
  }

  /// Puts the value into the tree. What is a section, a list or a map is written as YAML: `{type: constant}`.
  func apply(
    to root: inout ConfigurationNode, schema: ConfigurationSchema, problems: inout [ConfigurationProblem]
  ) {
    guard let path = path(in: schema), let declaration = schema.declaration(at: path) else {
      if !schema.isOpen(words) { problems.append(unknown(in: schema)) }
      return
    }
    switch declaration.type {
    case .section, .list, .map:
      let answer = YAMLReader.read(text, origin: origin)
      problems += answer.problems.map { problem in
        var problem = problem
        problem.path = path.joined(separator: ".")
        return problem
      }
      if let node = answer.root { root.set(path[...], to: node) }
    case .string:
      // Whatever stands in a variable is the text, the empty one and `null` included.
      root.set(path[...], to: ConfigurationNode(content: .scalar(text, isPlain: false), origin: origin))
    default:
      root.set(path[...], to: ConfigurationNode(content: .scalar(text, isPlain: true), origin: origin))
    }
  }

  private func unknown(in schema: ConfigurationSchema) -> ConfigurationProblem {
    if let section = schema.unnamedSection(of: words) {
      return ConfigurationProblem(
        .unknownKey, at: "", origin: origin, "sets a key of \(section), which names no plugin: set \(section).type too")
    }
    switch origin {
    case .environment(let name):
      // Without the prefix: what all have in common would make everything look alike.
      let candidates = schema.paths.map { String(Self.variable(for: $0).dropFirst(Self.prefix.count)) }
      let nearest = NearestName.find(String(name.dropFirst(Self.prefix.count)), among: candidates)
        .map { Self.prefix + $0 }
      let hint = nearest.map { "did you mean \($0)?" } ?? "`tombolo config show` lists the keys"
      return ConfigurationProblem(
        .unknownKey, at: "", origin: origin, suggestion: nearest, "sets no key that exists; \(hint)")
    default:
      let path = words.joined(separator: ".")
      let nearest = NearestName.find(path, among: schema.paths)
      let hint = nearest.map { "did you mean \"\($0)\"?" } ?? "`tombolo config show` lists the keys"
      return ConfigurationProblem(
        .unknownKey, at: path, origin: origin, suggestion: nearest, "no such key; \(hint)")
    }
  }

  /// The variable that sets the key at `path`.
  static func variable(for path: String) -> String {
    prefix + path.split(separator: ".").map { $0.uppercased() }.joined(separator: "_")
  }
}
