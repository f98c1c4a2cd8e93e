extension String {
  /// A key's name for a message. What follows the first character that no key has is left out: where somebody forgot a colon,
  /// it is a value, and may be a secret.
  var shownAsKey: String {
    let name = prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) }
    return name.endIndex == endIndex ? self : name + "…"
  }
}
