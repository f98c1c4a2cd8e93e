import TomboloPorts

/// What is wrong in a segment, and where.
struct JournalDamage: Error, Hashable, Sendable {
  /// Where in the file, in bytes.
  var offset: Int
  var reason: String
  /// Whether a newer program wrote it, so that nothing is broken.
  var isNewer: Bool

  init(_ offset: Int, _ reason: String, isNewer: Bool = false) {
    self.offset = offset
    self.reason = reason
    self.isNewer = isNewer
  }

  /// What it means for a user of the store.
  func storeError(path: String) -> StoreError {
    if isNewer { return StoreError(.damaged, "\(path): \(reason); open it with the newer program") }
    return StoreError(
      .damaged,
      "\(path), byte \(offset): \(reason); put a backup in the place of the folder, or save what is intact into a new one "
        + "with `tombolo storage repair`")
  }
}
