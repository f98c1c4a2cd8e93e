/// A value of a JSON Schema.
indirect enum SchemaNode: Hashable, Sendable {
  case string(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case list([SchemaNode])
  case map([String: SchemaNode])

  /// A text with a reference to a variable somewhere in it.
  static let referencePattern = "\\$\\{"

  /// One of these, or a reference to a variable.
  static func orReference(_ choices: SchemaNode...) -> SchemaNode {
    ["anyOf": .list(choices + [["$ref": "#/definitions/reference"]])]
  }

  /// The map with these entries as well.
  func adding(_ more: [String: SchemaNode]) -> SchemaNode {
    guard case .map(let own) = self else { return self }
    return .map(own.merging(more) { _, new in new })
  }
}

extension SchemaNode: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral {
  init(dictionaryLiteral elements: (String, SchemaNode)...) {
    self = .map(Dictionary(elements, uniquingKeysWith: { _, last in last }))
  }

  init(arrayLiteral elements: SchemaNode...) { self = .list(elements) }

  init(stringLiteral value: String) { self = .string(value) }
}

extension SchemaNode: Encodable {
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .string(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .boolean(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .map(let values): try container.encode(values)
    }
  }
}
