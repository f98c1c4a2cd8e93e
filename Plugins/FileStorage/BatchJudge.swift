import TomboloPorts
import TomboloStorage

/// Judges the batches of one commit one after the other, each against what the earlier ones did.
struct BatchJudge {
  private let index: FileIndex
  private let capabilities: StoreCapabilities
  /// What was made of keys so far; `nil` for a delete. Not kept for a batch that is alone until it deletes what is not in the index.
  private var pending: [Key: Revision?]?
  private var mutationCount = 0
  /// The changes of each batch that was committed and has any.
  private(set) var accepted: [[JournalChange]] = []
  /// Whether all of these are shrinking, so that the reserve may be used for them.
  private(set) var isShrinking = true

  /// - Parameter batchCount: how many batches are judged.
  init(index: FileIndex, capabilities: StoreCapabilities, batchCount: Int) {
    self.index = index
    pending = batchCount > 1 ? [:] : nil
    self.capabilities = capabilities
  }

  mutating func judge(_ batch: Batch, revision: () -> Revision) -> BatchResult {
    if let refusal = capabilities.refusal(of: batch, after: mutationCount) ?? tooLarge(batch) ?? conflict(of: batch) {
      return .refused(refusal)
    }
    let revision = revision()
    var changes: [JournalChange] = []
    changes.reserveCapacity(batch.mutations.count)
    // In place: a copy of a mutation counts references to its key and its value.
    for place in batch.mutations.indices {
      switch batch.mutations[place] {
      case .put(let key, let value):
        pending?[key] = .some(revision)
        changes.append(JournalChange(key: key, value: value, revision: revision))
      case .delete(let key):
        // What is not there needs no note that it is gone.
        guard isThere(key, behind: changes) else { continue }
        pending?[key] = .some(nil)
        changes.append(JournalChange(key: key, value: nil, revision: revision))
      }
    }
    mutationCount += batch.mutations.count
    if !changes.isEmpty {
      accepted.append(changes)
      isShrinking = isShrinking && batch.isShrinking
    }
    return .committed(revision)
  }

  /// The revision of the record at `key` now, or `nil` when there is none.
  private func revision(of key: Key) -> Revision? {
    pending?[key] ?? index.entry(key)?.revision
  }

  /// Whether there is a record at `key` behind these changes of a batch.
  private mutating func isThere(_ key: Key, behind changes: [JournalChange]) -> Bool {
    guard pending == nil else { return revision(of: key) != nil }
    // Of a batch that is alone: deleted twice, it is noted twice, which changes nothing.
    if index.contains(key) { return true }
    var pending: [Key: Revision?] = [:]
    for change in changes { pending[change.key] = .some(change.value == nil ? nil : change.revision) }
    self.pending = pending
    return revision(of: key) != nil
  }

  private func conflict(of batch: Batch) -> StoreError? {
    for check in batch.checks {
      let actual = revision(of: check.key)
      guard actual == check.expected else {
        return .conflict(key: check.key, expected: check.expected, actual: actual)
      }
    }
    return nil
  }

  /// A batch is one frame, whose lengths are bounded.
  private func tooLarge(_ batch: Batch) -> StoreError? {
    let valuesByteCount = batch.mutations.withUnsafeBufferPointer { mutations in
      var sum = 0
      for index in mutations.indices { if case .put(_, let value) = mutations[index] { sum += value.count } }
      return sum
    }
    guard valuesByteCount > FrameHeader.partByteCountMaximum else { return nil }
    return StoreError(
      .batchTooLarge,
      "the values of a batch have \(valuesByteCount) bytes together; this store takes \(FrameHeader.partByteCountMaximum)"
    )
  }
}
