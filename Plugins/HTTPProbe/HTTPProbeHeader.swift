#if HTTP
  /// A field that the right answer has: `X-Service`, or with its value `X-Service: orders`.
  struct HTTPProbeHeader: Hashable, Sendable, CustomStringConvertible {
    var name: String
    /// `nil` when any value will do. Compared without regard to the case of letters.
    var value: String?

    /// `nil` when there is no name, or one that no field can have (RFC 9110, section 5.1).
    init?(_ text: String) {
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let name = Self.trimmed(parts[0])
      guard !name.isEmpty, name.allSatisfy(Self.isTokenCharacter) else { return nil }
      self.name = name
      value = parts.count == 2 ? Self.trimmed(parts[1]) : nil
    }

    var description: String { value.map { "\(name): \($0)" } ?? name }

    /// Whether one of the values the answer gives the field is the right one.
    func isMet(by values: [String]) -> Bool {
      guard let value else { return !values.isEmpty }
      return values.contains { $0.lowercased() == value.lowercased() }
    }

    private static func isTokenCharacter(_ character: Character) -> Bool {
      character.isASCII && (character.isLetter || character.isNumber || "!#$%&'*+-.^_`|~".contains(character))
    }

    private static func trimmed(_ text: Substring) -> String {
      let start = text.drop { $0 == " " || $0 == "\t" }
      let end = start.lastIndex { $0 != " " && $0 != "\t" }.map { start.index(after: $0) } ?? start.startIndex
      return String(start[..<end])
    }
  }
#endif
