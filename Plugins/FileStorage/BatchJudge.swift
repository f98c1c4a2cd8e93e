import TomboloPorts
import TomboloStorage

/// Judges the batches of one commit one after the other, each against what the earlier ones did.
struct BatchJudge {
  private struct Pending {
    /// `nil` for a delete.
    var revision: Revision?
    var byteCount: Int
  }

  private let index: FileIndex
  private let capabilities: StoreCapabilities
  private var pending: [Key: Pending] = [:]
  private var mutationCount = 0
  /// The changes of each batch that was committed and has any.
  private(set) var accepted: [[JournalChange]] = []
  /// By how much the live records grow; negative when they shrink.
  private(set) var growthByteCount = 0

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
      let before = byteCount(of: key)
      switch mutation {
      case .put(_, let value):
        let after = FileIndex.byteCount(of: key, valueByteCount: value.count)
        pending[key] = Pending(revision: revision, byteCount: after)
        growthByteCount += after - (before ?? 0)
        changes.append(JournalChange(key: key, value: value, revision: revision))
      case .delete:
        // What is not there needs no note that it is gone.
        guard let before else { continue }
        pending[key] = Pending(revision: nil, byteCount: 0)
        growthByteCount -= before
        changes.append(JournalChange(key: key, value: nil, revision: revision))
      }
    }
    mutationCount += batch.mutations.count
    if !changes.isEmpty { accepted.append(changes) }
    return .committed(revision)
  }

  /// What the record at `key` takes now, or `nil` when there is none.
  private func byteCount(of key: Key) -> Int? {
    if let pending = pending[key] { return pending.revision == nil ? nil : pending.byteCount }
    return index.entry(key).map { FileIndex.byteCount(of: key, valueByteCount: $0.byteCount) }
  }

  private func conflict(of batch: Batch) -> StoreError? {
    for check in batch.checks {
      let actual = pending[check.key].map(\.revision) ?? index.entry(check.key)?.revision
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
