package import TomboloPorts

/// Reads all records of a store in key order, chunk by chunk, but for those under `ReservedKeys`.
///
/// The port limits a scan by records, not by bytes. So the size of a chunk follows that of the records seen: it doubles
/// while chunks are small and shrinks when they are large.
package struct RecordReader: Sendable {
  /// What a chunk should come to.
  package static let byteCountWanted = 2 << 20
  package static let recordCountMaximum = 2_000

  private let store: any KeyValueStore
  private let recordCountLimit: Int
  private var next: Key?
  private var chunkSize: Int

  /// - Parameters:
  ///   - start: Where to begin; records before it are left out.
  ///   - recordCountMaximum: No chunk is larger.
  package init(_ store: any KeyValueStore, from start: Key = Key([]), recordCountMaximum: Int = recordCountMaximum) {
    self.store = store
    next = start
    recordCountLimit = max(1, min(recordCountMaximum, Self.recordCountMaximum))
    chunkSize = min(16, recordCountLimit)
  }

  /// The next records; `nil` after the last.
  package mutating func chunk() async throws -> [Record]? {
    while let from = next {
      try Task.checkCancellation()
      let records = try await store.scan(KeyRange(from: from, to: nil), limit: chunkSize)
      guard let last = records.last else { break }
      next = records.count < chunkSize ? nil : last.key.following
      resize(after: records)
      let kept = records.filter { !$0.key.hasPrefix(ReservedKeys.prefix) }
      if !kept.isEmpty { return kept }
    }
    next = nil
    return nil
  }

  private mutating func resize(after records: [Record]) {
    let byteCount = records.reduce(1) { $0 + $1.key.bytes.count + $1.value.count }
    let fitting = Self.byteCountWanted / max(1, byteCount / records.count)
    chunkSize = max(1, min(fitting, chunkSize * 2, recordCountLimit))
  }
}

extension Key {
  /// The smallest key that is greater.
  package var following: Key { Key(bytes + [0]) }
}
