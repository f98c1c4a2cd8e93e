/// Puts the values of variables into a config file: `${NAME}` in any value. `$${` stands for `${` itself.
///
/// What comes in this way may be a secret wherever it stands, so the text as it is written, and never the value, is shown.
struct EnvironmentReferences {
  private let environment: [String: String]
  private(set) var problems: [ConfigurationProblem] = []
  /// The variables that were put in.
  private var used: Set<String> = []

  init(_ environment: [String: String]) { self.environment = environment }

  /// The tree with every reference replaced. One that cannot be is reported, and stays as it is.
  mutating func expand(_ node: ConfigurationNode, path: String = "") -> ConfigurationNode {
    var node = node
    switch node.content {
    case .scalar(let text, let isPlain):
      guard text.contains("${") else { return node }
      do throws(Fault) {
        node.content = .scalar(try value(of: text), isPlain: isPlain)
        node.written = text
      } catch {
        problems.append(ConfigurationProblem(error.code, at: path, origin: node.origin, error.message))
      }
    case .list(let items):
      let expanded = items.enumerated().map { expand($1, path: "\(path)[\($0)]") }
      node.content = .list(expanded)
      if expanded.contains(where: { $0.holdsReference }) { node.written = "[…]" }
    case .map(let fields):
      node.content = .map(
        fields.map { field in
          var field = field
          field.node = expand(field.node, path: path.isEmpty ? field.name : "\(path).\(field.name)")
          return field
        })
    }
    return node
  }

  private struct Fault: Error {
    var code: ConfigurationProblem.Code
    var message: String
  }

  private mutating func value(of text: String) throws(Fault) -> String {
    var value = ""
    var rest = text[...]
    while let start = rest.firstRange(of: "${") {
      if start.lowerBound > rest.startIndex, rest[rest.index(before: start.lowerBound)] == "$" {
        value += rest[..<start.lowerBound].dropLast() + "${"
        rest = rest[start.upperBound...]
        continue
      }
      value += rest[..<start.lowerBound]
      guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
        throw Fault(code: .syntax, message: "the } after ${ is missing; for the text ${ itself write $${")
      }
      let name = String(rest[start.upperBound..<end])
      guard Self.isName(name) else {
        throw Fault(
          code: .syntax,
          message: "${\(name)} names no variable: letters, digits and _ only; for the text ${ itself write $${")
      }
      guard let found = environment[name] else {
        throw Fault(code: .missing, message: "the variable \(name) is not set, and the value is ${\(name)}")
      }
      used.insert(name)
      value += found
      rest = rest[rest.index(after: end)...]
    }
    return value + rest
  }

  /// The problem with `${NAME}` wherever a message repeats what came from the variable. Values of less than four characters
  /// are no secrets, and would be found in every word.
  func hiding(_ problem: ConfigurationProblem) -> ConfigurationProblem {
    var problem = problem
    for name in used.sorted() {
      guard let value = environment[name], value.count >= 4 else { continue }
      func hide(_ text: String) -> String { text.replacing(value, with: "${\(name)}") }
      problem.message = hide(problem.message)
      problem.value = problem.value.map(hide)
      problem.suggestion = problem.suggestion.map(hide)
    }
    return problem
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.first, first == "_" || first.isASCII && first.isLetter else { return false }
    return text.allSatisfy { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
  }
}

extension ConfigurationNode {
  /// Whether it, or anything in it, came from a variable by reference.
  fileprivate var holdsReference: Bool {
    if written != nil { return true }
    switch content {
    case .scalar: return false
    case .list(let items): return items.contains { $0.holdsReference }
    case .map(let fields): return fields.contains { $0.node.holdsReference }
    }
  }
}
