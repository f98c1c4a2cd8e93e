public import TomboloPorts

extension Batch {
  /// What a shrinking batch may put for each record it deletes, in bytes of keys and values: room for the counts, places
  /// and notes of failures that a layer writes beside what it deletes, and far less than a payload worth refusing.
  public static let shrinkingByteCountPerDeletion = 1_024

  /// Whether this batch settles rather than adds: it puts at most `shrinkingByteCountPerDeletion` bytes for each record it
  /// deletes.
  ///
  /// It is judged by the batch alone, without a look at what is stored, so that it costs nothing and every engine judges
  /// alike. A durable store keeps a reserve for commits all of whose batches are shrinking: a full disk must not prevent
  /// settling, for to settle is how room comes back. The reserve is bounded. What deletes nothing that is there while it
  /// puts, again and again, uses it up, and is then refused with `full` like everything else.
  public var isShrinking: Bool {
    // In place: every commit passes here, and a copy of each mutation counts references to its key and its value.
    mutations.withUnsafeBufferPointer { mutations in
      var allowance = 0
      for index in mutations.indices {
        switch mutations[index] {
        case .put(let key, let value): allowance -= key.bytes.count + value.count
        case .delete: allowance += Self.shrinkingByteCountPerDeletion
        }
      }
      return allowance >= 0
    }
  }
}

extension Sequence<Batch> {
  /// Whether every one of them is shrinking, so that a store may use its reserve for their commit.
  public var areShrinking: Bool { allSatisfy(\.isShrinking) }
}
