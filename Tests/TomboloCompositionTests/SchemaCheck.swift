import Foundation

/// Judges values by the part of JSON Schema (draft 07) that our schema uses. Any other keyword is a fault of its own, so that
/// nothing in a schema goes unjudged.
struct SchemaCheck {
  private let root: [String: Any]
  private static let annotations: Set<String> = ["$schema", "title", "description", "definitions"]

  init(_ schema: String) throws {
    let parsed = try JSONSerialization.jsonObject(with: Data(schema.utf8))
    root = parsed as? [String: Any] ?? [:]
  }

  /// What is wrong with `value`, each with its place; empty when nothing is.
  func faults(in value: Any) -> [String] { faults(value, root, "") }

  private func faults(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    var found: [String] = []
    for (keyword, argument) in schema where !Self.annotations.contains(keyword) {
      switch keyword {
      case "$ref":
        let name = (argument as? String ?? "").split(separator: "/").last.map(String.init) ?? ""
        let target = (root["definitions"] as? [String: Any])?[name] as? [String: Any]
        found += target.map { faults(value, $0, path) } ?? ["\(path): no definition \(name)"]
      case "type":
        let types = argument as? [String] ?? [argument as? String ?? ""]
        if !types.contains(where: { Self.isOf(type: $0, value) }) { found.append("\(path): is none of \(types)") }
      case "const": if !Self.isEqual(value, argument) { found.append("\(path): is not \(argument)") }
      case "enum":
        let choices = argument as? [Any] ?? []
        if !choices.contains(where: { Self.isEqual(value, $0) }) { found.append("\(path): is none of \(choices)") }
      case "pattern":
        guard let text = value as? String, let pattern = argument as? String else { continue }
        if text.range(of: pattern, options: .regularExpression) == nil {
          found.append("\(path): is not like \(pattern)")
        }
      case "minimum", "maximum":
        guard let number = Self.number(value), let limit = Self.number(argument) else { continue }
        if keyword == "minimum" ? number < limit : number > limit {
          found.append("\(path): beyond \(keyword) \(limit)")
        }
      case "items":
        for (index, item) in (value as? [Any] ?? []).enumerated() {
          found += faults(item, argument as? [String: Any] ?? [:], "\(path)[\(index)]")
        }
      case "properties":
        for (name, inner) in argument as? [String: Any] ?? [:] {
          guard let field = (value as? [String: Any])?[name] else { continue }
          found += faults(field, inner as? [String: Any] ?? [:], "\(path).\(name)")
        }
      case "additionalProperties":
        let known = schema["properties"] as? [String: Any] ?? [:]
        for (name, field) in value as? [String: Any] ?? [:] where known[name] == nil {
          if let inner = argument as? [String: Any] {
            found += faults(field, inner, "\(path).\(name)")
          } else {
            found.append("\(path): no key \(name)")
          }
        }
      case "required":
        guard let fields = value as? [String: Any] else { continue }
        found += (argument as? [String] ?? []).filter { fields[$0] == nil }.map { "\(path): \($0) is missing" }
      case "anyOf":
        let all = (argument as? [[String: Any]] ?? []).map { faults(value, $0, path) }
        if !all.contains([]) { found.append("\(path): fits nothing: \(all.joined().joined(separator: ", "))") }
      case "allOf": found += (argument as? [[String: Any]] ?? []).flatMap { faults(value, $0, path) }
      case "not":
        if faults(value, argument as? [String: Any] ?? [:], path).isEmpty {
          found.append("\(path): is what it may not be")
        }
      case "if":
        guard faults(value, argument as? [String: Any] ?? [:], path).isEmpty else { continue }
        found += faults(value, schema["then"] as? [String: Any] ?? [:], path)
      case "then": continue
      default: found.append("\(path): the schema says \(keyword), which is judged by nobody")
      }
    }
    return found
  }

  private static func isOf(type: String, _ value: Any) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "boolean": value is Bool
    case "integer": value is Int
    case "number": value is Int || value is Double
    case "null": value is NSNull
    default: false
    }
  }

  private static func number(_ value: Any) -> Double? {
    if value is Bool { return nil }
    return (value as? Int).map(Double.init) ?? value as? Double ?? (value as? NSNumber)?.doubleValue
  }

  private static func isEqual(_ left: Any, _ right: Any) -> Bool {
    (left as? String) == (right as? String) && left is String
  }
}
