/// Makes text from outside fit for a terminal.
enum SafeText {
  /// One line of at most `limit` characters: what a terminal would act on, or that would turn the reading direction,
  /// becomes a space.
  static func line(_ text: some StringProtocol, limit: Int = .max) -> String {
    var line = ""
    var count = 0
    for character in text {
      guard count < limit else {
        line.removeLast()
        return line + "…"
      }
      if character.unicodeScalars.contains(where: isUnsafe) {
        line.append(" ")
      } else {
        line.append(character)
      }
      count += 1
    }
    return line
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
    // Marks such as U+202E make what follows read backwards.
    case .format: scalar.value != 0x200D && scalar.value != 0x200C
    default: false
    }
  }
}
