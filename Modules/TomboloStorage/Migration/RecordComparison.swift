import TomboloPorts

/// Reads two stores side by side and throws at the first difference. Revisions are not compared.
struct RecordComparison {
  private var left: RecordReader
  private var right: RecordReader
  /// Read from the right store, and not compared yet.
  private var waiting: ArraySlice<Record> = []

  init(_ left: any KeyValueStore, _ right: any KeyValueStore) {
    self.left = RecordReader(left)
    self.right = RecordReader(right)
  }

  /// The next records that are equal in both; `nil` after the last.
  mutating func chunk() async throws -> [Record]? {
    guard let records = try await left.chunk() else {
      if let extra = try await nextRight() { throw Self.difference(extra.key, "is in the target alone") }
      return nil
    }
    for record in records {
      guard let other = try await nextRight() else {
        throw Self.difference(record.key, "is missing in the target")
      }
      guard record.key == other.key else {
        throw record.key < other.key
          ? Self.difference(record.key, "is missing in the target")
          : Self.difference(other.key, "is in the target alone")
      }
      guard record.value == other.value else { throw Self.difference(record.key, "has another value in the target") }
    }
    return records
  }

  private mutating func nextRight() async throws -> Record? {
    if waiting.isEmpty { waiting = try await right.chunk()?[...] ?? [] }
    return waiting.popFirst()
  }

  private static func difference(_ key: Key, _ what: String) -> MigrationError {
    MigrationError(
      .verificationFailed, key: key,
      "the copy is not the source: the record at key \(key) \(what); keep the source, remove the target, begin again")
  }
}
