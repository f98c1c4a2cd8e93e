public import TomboloPorts

extension OptionType {
  /// What may stand there, in words for messages and help: `an integer from 1 to 10000`.
  public var allowedText: String {
    switch self {
    case .string: "a text"
    case .url: "an http or https URL such as https://example.org/path"
    case .boolean: "true or false"
    case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range): "a number from \(numberText(range.lowerBound)) to \(numberText(range.upperBound))"
    case .duration(let range):
      "a duration such as 500ms, 5s, 2m, 1h or 1d, from \(DurationText.render(range.lowerBound)) "
        + "to \(DurationText.render(range.upperBound))"
    case .size(let range):
      "a size such as 512B, 64KiB, 10MiB or 1GiB, from \(SizeText.render(range.lowerBound)) "
        + "to \(SizeText.render(range.upperBound))"
    case .choice(let words): "one of \(words.joined(separator: ", "))"
    case .list(let element): "a list, each item \(element.allowedText)"
    case .map(let element): "names, each with \(element.allowedText)"
    case .section(let options): "a section with the keys \(options.map(\.name).sorted().joined(separator: ", "))"
    }
  }

  /// Whether a default is what its declaration says.
  func accepts(_ value: OptionValue) -> Bool {
    switch (self, value) {
    case (.string, .string), (.url, .string), (.boolean, .boolean): true
    case (.integer(let range), .integer(let value)): range.contains(value)
    case (.number(let range), .number(let value)): range.contains(value)
    case (.duration(let range), .duration(let value)): range.contains(value)
    case (.size(let range), .size(let value)): range.contains(value)
    case (.choice(let words), .string(let value)): words.contains(value)
    case (.list(let element), .list(let values)): values.allSatisfy { element.accepts($0) }
    case (.map(let element), .map(let entries)): entries.allSatisfy { element.accepts($0.value) }
    case (.section(let options), .map(let entries)):
      entries.allSatisfy { entry in options.contains { $0.name == entry.name && $0.type.accepts(entry.value) } }
    default: false
    }
  }
}

/// Without the `.0` of a whole number.
private func numberText(_ value: Double) -> String {
  let text = "\(value)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

extension OptionDeclaration {
  /// The value as it is written in the config, secrets hidden.
  public func render(_ value: OptionValue) -> String {
    isSecret ? "******" : Self.render(value, as: type)
  }

  private static func render(_ value: OptionValue, as type: OptionType) -> String {
    switch value {
    case .string(let text): quotedWhereNeeded(text)
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): numberText(value)
    case .duration(let value): DurationText.render(value)
    case .size(let value): SizeText.render(value)
    case .list(let values):
      "[" + values.map { render($0, as: type.elementType) }.joined(separator: ", ") + "]"
    case .map(let entries):
      "{"
        + entries.map { entry in
          guard case .section(let options) = type, let option = options.first(where: { $0.name == entry.name }) else {
            return "\(quotedWhereNeeded(entry.name)): \(render(entry.value, as: type.elementType))"
          }
          return "\(entry.name): \(option.render(entry.value))"
        }.joined(separator: ", ") + "}"
    }
  }

  /// Quoted when YAML would read the bare text as something else.
  private static func quotedWhereNeeded(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.first?.isWhitespace == false && text.last?.isWhitespace == false
      && !text.contains { "\"'{}[],#&*!|>%@`\\\n".contains($0) } && !text.contains(": ") && text.last != ":"
      && !["-", "?"].contains(text.prefix(1)) && !["~", "null", "true", "false"].contains(text.lowercased())
    if isPlain { return text }
    return "\""
      + text.map { character in
        switch character {
        case "\"", "\\": "\\\(character)"
        case "\n": "\\n"
        default: String(character)
        }
      }.joined() + "\""
  }
}

extension OptionType {
  fileprivate var elementType: OptionType {
    switch self {
    case .list(let element), .map(let element): element
    default: .string
    }
  }
}
