import TomboloPorts
import TomboloStorage

/// What is kept of operations that are gone.
extension QueuePlanner {
  /// How many entries one step of pruning takes at the most, so that deliveries are never held up for long.
  static let pruneCountMaximum = 256

  /// Keeps how an operation ended, in the commit that takes it away; nothing when no history is kept.
  mutating func remember(
    _ operation: SyncOperation, _ progress: ProgressRecord?, end: OperationState, attemptCount: Int?, detail: String?
  ) {
    guard shared.keepsHistory else { return }
    let pruneAt = now.advanced(by: configuration.historyRetention)
    let record = HistoryRecord(
      end: end, endedAt: now, kind: operation.kind, attemptCount: attemptCount ?? progress?.attemptCount ?? 0,
      detail: detail, pruneAt: pruneAt)
    view.put(QueueLayout.history(operation.id), record.encoded())
    view.put(QueueLayout.pruning(pruneAt, operation.id), [])
    effects.append(.pruneDue(pruneAt))
  }

  /// Adds to what this plan keeps of an operation.
  mutating func amendHistory(of id: OperationID, _ amend: (inout HistoryRecord) -> Void) throws {
    guard shared.keepsHistory else { return }
    guard let value = try view.get(QueueLayout.history(id)) else { return }
    var record = try HistoryRecord(value)
    amend(&record)
    view.put(QueueLayout.history(id), record.encoded())
  }

  /// Forgets, oldest first, a bounded number of those whose time is over.
  mutating func prune(now: Timestamp) throws -> QueueAnswer {
    var end = KeyEncoder(tag: QueueLayout.pruning.lower.bytes[0], QueueLayout.pruning.lower.bytes[1])
    end.append(now.advanced(by: .milliseconds(1)))
    let range = KeyRange(from: QueueLayout.pruning.lower, to: end.key)
    let records = try view.stored(in: range, limit: Self.pruneCountMaximum)
    for record in records {
      view.delete(record.key)
      if let id = QueueLayout.trailingID(record.key) { view.delete(QueueLayout.history(id)) }
    }
    return .promoted(count: records.count)
  }
}
