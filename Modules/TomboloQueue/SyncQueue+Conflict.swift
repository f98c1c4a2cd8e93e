import TomboloPorts

extension SyncQueue {
  /// What the store can take of what becomes of a conflict: a settlement that it refuses would be tried again for ever. A merged
  /// version that is too long for one value goes to a person, and of the other side's only the mark is kept then.
  func storable(_ settlement: Settlement, of claimed: ClaimedOperation) -> Settlement {
    let limit = store.capabilities.valueByteCountMaximum
    switch settlement {
    case .redeliver(let remote, let payload?):
      var merged = NewOperation(claimed.stored)
      (merged.payload, merged.base) = (payload, nil)
      let operation = claimed.operation
      let record = OperationRecord.encode(merged, enqueuedAt: operation.enqueuedAt, after: operation.after)
      guard record.count > limit else { return settlement }
      let reason =
        "the merged version would take \(record.count) bytes, and this store takes at most \(limit) in one value"
      return storable(.parkConflict(DeliveryFailure(.conflict, reason), remote), of: claimed)
    case .parkConflict(let failure, let remote) where remote.payload != nil:
      var progress = claimed.progress ?? ProgressRecord()
      (progress.lastFailure, progress.lastFailureAt, progress.held) = (failure, time.now, .parked)
      progress.conflicting = remote
      // The count of attempts may need a byte more.
      guard progress.encoded().count + 1 > limit else { return settlement }
      return .parkConflict(failure, remote.withoutPayload)
    default: return settlement
    }
  }
}
