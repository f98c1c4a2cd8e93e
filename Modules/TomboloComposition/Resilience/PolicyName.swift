/// The names of lists of policies, and of what they share.
enum PolicyName {
  static let rule = "letters, digits, -, _ and . only, up to 64 of them"

  /// Names stand in metrics and in logs, so they need no quoting anywhere.
  static func isUsable(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 64
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
  }
}
