/// Puts the answer of an upstream into words for people. The words are stored and shown, so neither payloads nor secrets may be
/// in them, even where the upstream repeats them in its answer.
package struct AnswerText: Sendable {
  package static let excerptMaximum = 200

  /// What must never be shown: tokens, and the values of configured headers.
  package var secrets: [String]

  package init(secrets: [String]) { self.secrets = secrets }

  /// Headers of an operation whose values are secrets.
  private static let secretNames: Set<String> = ["authorization", "cookie", "x-api-key"]

  /// `the upstream answered UNAVAILABLE: the database is away`
  ///
  /// - Parameters:
  ///   - answer: the status, in the words of the protocol.
  ///   - message: what the upstream said beside it, as it came.
  package func describe(_ answer: String, _ message: String, to operation: SyncOperation) -> String {
    let excerpt = excerpt(of: message, to: operation)
    return "the upstream answered \(answer)" + (excerpt.isEmpty ? "" : ": \(excerpt)")
  }

  /// One line of what an upstream said.
  package func excerpt(of message: String, to operation: SyncOperation) -> String {
    var text = message
    let payloadText = String(decoding: operation.payload, as: UTF8.self)
    // Shorter payloads would be found in any text, and give nothing away.
    if payloadText.utf8.count >= 4 { text = Self.replace(payloadText, in: text, with: "[payload]") }
    let own = operation.headers.filter { Self.secretNames.contains(HeaderName.folded($0.name)) }.map(\.value)
    for secret in (secrets + own).flatMap({ Self.parts(of: $0) }) where secret.utf8.count >= 4 {
      text = Self.replace(secret, in: text, with: "[hidden]")
    }
    return Self.singleLine(text)
  }

  /// At most `excerptMaximum` characters without control characters, and without the ones that turn the direction of
  /// writing: an answer must not be able to disguise itself in a terminal.
  package static func singleLine(_ text: String) -> String {
    var line = ""
    var count = 0
    for character in text {
      let shown = character.unicodeScalars.allSatisfy(isShown) ? character : " "
      if shown == " " && (line.isEmpty || line.last == " ") { continue }
      guard count < excerptMaximum else { return line + "…" }
      line.append(shown)
      count += 1
    }
    return line.last == " " ? String(line.dropLast()) : line
  }

  /// A secret as a whole, then what follows its scheme: of `Bearer abc` also `abc`.
  private static func parts(of secret: String) -> [String] {
    guard let space = secret.firstIndex(of: " ") else { return [secret] }
    return [secret, String(secret[secret.index(after: space)...])]
  }

  private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
    default: true
    }
  }

  private static func replace(_ part: String, in text: String, with words: String) -> String {
    text.split(separator: part, omittingEmptySubsequences: false).joined(separator: words)
  }
}
