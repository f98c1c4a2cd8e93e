import TomboloPorts
import TomboloStorage

/// Judges the batches of one commit one after the other, each against what the earlier ones did.
struct BatchJudge {
  private let index: FileIndex
  private let capabilities: StoreCapabilities
  /// What the batches before made of keys; `nil` for a delete.
  private var pending: [Key: Revision?] = [:]
  private var mutationCount = 0
  /// The changes of each batch that was committed and has any.
  private(set) var accepted: [[JournalChange]] = []
  /// Whether all of these are shrinking, so that the reserve may be used for them.
  private(set) var isShrinking = true

  init(index: FileIndex, capabilities: StoreCapabilities) {
    self.index = index
    self.capabilities = capabilities
  }

  mutating func judge(_ batch: Batch, revision: () -> Revision) -> BatchResult {
    if let refusal = capabilities.refusal(of: batch, after: mutationCount) ?? tooLarge(batch) ?? conflict(of: batch) {
      return .refused(refusal)
    }
    let revision = revision()
    var changes: [JournalChange] = []
    changes.reserveCapacity(batch.mutations.count)
    for mutation in batch.mutations {
      let key = mutation.key
      switch mutation {
      case .put(_, let value):
        pending[key] = .some(revision)
        changes.append(JournalChange(key: key, value: value, revision: revision))
      case .delete:
        // What is not there needs no note that it is gone.
        guard self.revision(of: key) != nil else { continue }
        pending[key] = .some(nil)
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
    pending[key] ?? index.entry(key)?.revision
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
    var valuesByteCount = 0
    for case .put(_, let value) in batch.mutations { valuesByteCount += value.count }
    guard valuesByteCount > FrameHeader.partByteCountMaximum else { return nil }
    return StoreError(
      .batchTooLarge,
      "the values of a batch have \(valuesByteCount) bytes together; this store takes \(FrameHeader.partByteCountMaximum)"
    )
  }
}
