/// Judges the text of a URL, as far as the config can without asking anybody.
enum URLText {
  /// What is wrong with it; `nil` when nothing is.
  static func fault(in text: String) -> String? {
    let lowercased = text.lowercased()
    guard let scheme = ["http://", "https://"].first(where: { lowercased.hasPrefix($0) }) else {
      return "begin with http:// or https://"
    }
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { !"/?#".contains($0) }
    if text.contains(where: { $0.isWhitespace || $0 == "\\" }) { return "a URL has no spaces and no backslashes" }
    var host = authority
    var port: Substring?
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { return "the ] after the IPv6 address is missing" }
      host = authority[...end]
      let behind = authority[authority.index(after: end)...]
      if behind.first == ":" {
        port = behind.dropFirst()
      } else if !behind.isEmpty {
        return "only a port may follow the ]"
      }
    } else if let colon = authority.firstIndex(of: ":") {
      host = authority[..<colon]
      port = authority[authority.index(after: colon)...]
    }
    if host.isEmpty || host == "[]" { return "the host is missing" }
    if let port, UInt16(port).map({ $0 > 0 }) != true { return "the port must be a number from 1 to 65535" }
    return nil
  }

  /// Whether something in a text that is no good URL may be a user name or a password: it has an `@`, or a colon behind which
  /// something else stands than a port.
  static func mayHoldCredentials(_ text: String) -> Bool {
    guard !text.contains("@") else { return true }
    let rest = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
    guard rest.first != "[" else { return false }
    return rest.split(separator: ":", omittingEmptySubsequences: false).dropFirst().contains { part in
      let behind = part.first { !($0.isASCII && $0.isNumber) }
      return behind.map { !"/?#".contains($0) } ?? false
    }
  }

  /// Whether it carries a user name or password, which would show up in logs.
  static func hasCredentials(_ text: String) -> Bool {
    guard let start = text.firstRange(of: "://")?.upperBound else { return false }
    return text[start...].prefix { !"/?#".contains($0) }.contains("@")
  }
}
