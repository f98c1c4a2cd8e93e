import Yams

/// Reads YAML, and so JSON, into a tree that knows the place of every key and value.
struct YAMLReader {
  /// What was read; without a root when there is nothing, or when the text is not YAML.
  struct Answer {
    var root: ConfigurationNode?
    var problems: [ConfigurationProblem] = []
  }

  /// Aliases let a short text stand for an enormous tree; more than this many values is taken for such a text.
  static let nodeCountMaximum = 100_000

  private let place: @Sendable (Mark?) -> ConfigurationOrigin
  private var problems: [ConfigurationProblem] = []
  private var nodeCount = 0
  /// The first characters of keys that stand twice, by their stand-ins.
  private var standIns: [Unicode.Scalar: Unicode.Scalar] = [:]

  private init(place: @escaping @Sendable (Mark?) -> ConfigurationOrigin) { self.place = place }

  /// Reads the text of `file`.
  static func read(_ text: String, file: String) -> Answer {
    var reader = YAMLReader { mark in
      .file(SourcePosition(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1))
    }
    return reader.read(text)
  }

  /// Reads a value given by a variable or an override: everything in it comes from there.
  static func read(_ text: String, origin: ConfigurationOrigin) -> Answer {
    var reader = YAMLReader { _ in origin }
    return reader.read(text)
  }

  private mutating func read(_ text: String) -> Answer {
    do {
      // The parser would count a byte order mark as a column.
      let hasMark = text.unicodeScalars.first == "\u{FEFF}"
      guard let node = try compose(hasMark ? String(text.unicodeScalars.dropFirst()) : text) else { return Answer() }
      let root = convert(node, path: "")
      return Answer(root: root, problems: problems)
    } catch let error as YamlError {
      return Answer(problems: problems + [YAMLProblem(error, text: text, place: place).problem])
    } catch {
      return Answer(problems: problems + [ConfigurationProblem(.syntax, at: "", origin: place(nil), "\(error)")])
    }
  }

  /// Yams gives up at the first key that stands twice in a section. So that the others, and every other problem, are told in
  /// the same pass, the first character of such a key is replaced by one that occurs nowhere, which moves no column, and the
  /// text is read again. `convert` puts it back and reports the repetition where it is.
  private mutating func compose(_ original: String) throws -> Node? {
    // As scalars: to a string, a carriage return and a line feed are one character.
    var lines = original.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0) }
    var text = original
    let taken = Set(original.unicodeScalars)
    var free = (0xE000...0xEFFF).lazy.compactMap { Unicode.Scalar($0) }.filter { !taken.contains($0) }.makeIterator()
    while true {
      do {
        return try Yams.compose(yaml: text)
      } catch YamlError.duplicatedKeysInMapping(let names, let context) {
        let (line, column) = (context.mark.line - 1, context.mark.column - 1)
        guard lines.indices.contains(line), let standIn = free.next(),
          let offset = lines[line].indices.dropFirst(column).first(where: {
            !"\"'".unicodeScalars.contains(lines[line][$0])
          }),
          names.contains(where: { $0.unicodeScalars.first == lines[line][offset] })
        else { throw YamlError.duplicatedKeysInMapping(duplicates: names, context: context) }
        standIns[standIn] = lines[line][offset]
        lines[line][offset] = standIn
        text = lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
      }
    }
  }

  private mutating func convert(_ node: Node, path: String) -> ConfigurationNode {
    nodeCount += 1
    let origin = place(node.mark)
    if nodeCount == Self.nodeCountMaximum {
      problems.append(
        ConfigurationProblem(
          .syntax, at: path, origin: origin, "more than \(Self.nodeCountMaximum) values: too many aliases?"))
    }
    guard nodeCount < Self.nodeCountMaximum else { return ConfigurationNode(content: .map([]), origin: origin) }
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain && scalar.tag.rawValue != Tag.Name.str.rawValue
      return ConfigurationNode(content: .scalar(scalar.string, isPlain: isPlain), origin: origin)
    case .sequence(let sequence):
      let items = sequence.enumerated().map { convert($1, path: "\(path)[\($0)]") }
      return ConfigurationNode(content: .list(items), origin: origin)
    case .mapping(let mapping):
      return ConfigurationNode(content: .map(fields(of: mapping, path: path)), origin: origin)
    case .alias:
      problems.append(ConfigurationProblem(.syntax, at: path, origin: origin, "the alias stands for nothing"))
      return ConfigurationNode(content: .map([]), origin: origin)
    }
  }

  /// The section's own fields, then those that `<<` merges in and it does not have itself.
  private mutating func fields(of mapping: Node.Mapping, path: String) -> [ConfigurationField] {
    var fields: [ConfigurationField] = []
    var merged: [ConfigurationField] = []
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else {
        problems.append(
          ConfigurationProblem(
            .syntax, at: path, origin: place(key.mark), "a key must be a single word, not a list or section"))
        continue
      }
      if scalar.string == "<<", scalar.style == .plain {
        merged += mergedFields(value, path: path)
        continue
      }
      let name = restored(scalar.string)
      let keyPath = path.isEmpty ? name : "\(path).\(name)"
      let field = ConfigurationField(name: name, origin: place(key.mark), node: convert(value, path: keyPath))
      fields.append(field)
    }
    return withoutRepetitions(fields, path: path)
      + merged.filter { field in !fields.contains { $0.name == field.name } }
  }

  private mutating func mergedFields(_ value: Node, path: String) -> [ConfigurationField] {
    switch value {
    case .mapping(let mapping): return fields(of: mapping, path: path)
    case .sequence(let sequence):
      var merged: [ConfigurationField] = []
      for item in sequence {
        merged += mergedFields(item, path: path).filter { field in !merged.contains { $0.name == field.name } }
      }
      return merged
    case .scalar, .alias:
      problems.append(
        ConfigurationProblem(
          .syntax, at: path, origin: place(value.mark), "`<<` merges a section, or a list of sections"))
      return []
    }
  }

  private mutating func withoutRepetitions(_ fields: [ConfigurationField], path: String) -> [ConfigurationField] {
    var firsts: [String: ConfigurationOrigin] = [:]
    return fields.sorted { $0.origin < $1.origin }.filter { field in
      guard let first = firsts[field.name] else {
        firsts[field.name] = field.origin
        return true
      }
      problems.append(
        ConfigurationProblem(
          .duplicateKey, at: path.isEmpty ? field.name.shownAsKey : "\(path).\(field.name.shownAsKey)",
          origin: field.origin,
          "is there already, at \(first): remove one of the two"))
      return false
    }
  }

  private func restored(_ name: String) -> String {
    guard let first = name.unicodeScalars.first, let original = standIns[first] else { return name }
    return String(String.UnicodeScalarView([original] + name.unicodeScalars.dropFirst()))
  }
}
