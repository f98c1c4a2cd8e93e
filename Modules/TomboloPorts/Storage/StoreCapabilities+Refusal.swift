extension StoreCapabilities {
  /// Why a store with these limits must refuse `batch`, or `nil` when it is within them.
  ///
  /// Every engine judges its limits with this, before anything else of the batch, so that all of them refuse alike.
  ///
  /// - Parameter mutationCount: How many mutations the earlier batches of the same commit applied.
  public func refusal(of batch: Batch, after mutationCount: Int) -> StoreError? {
    guard batch.mutations.count <= mutationCountMaximum - mutationCount else {
      return StoreError(
        .batchTooLarge,
        "a commit may carry \(mutationCountMaximum) mutations, and with this batch it would carry "
          + "\(mutationCount + batch.mutations.count)")
    }
    for check in batch.checks {
      if let error = refusal(of: check.key) { return error }
    }
    // In place: every commit passes here, and a copy of each mutation counts references to its key and its value.
    return batch.mutations.withUnsafeBufferPointer { mutations in
      for index in mutations.indices {
        switch mutations[index] {
        case .put(let key, let value):
          if key.bytes.count > keyByteCountMaximum { return refusal(of: key) }
          if value.count > valueByteCountMaximum {
            return StoreError(
              .valueTooLarge,
              "the value for key \(key) has \(value.count) bytes; this store takes at most \(valueByteCountMaximum)")
          }
        case .delete(let key): if key.bytes.count > keyByteCountMaximum { return refusal(of: key) }
        }
      }
      return nil
    }
  }

  private func refusal(of key: Key) -> StoreError? {
    guard key.bytes.count > keyByteCountMaximum else { return nil }
    return StoreError(
      .keyTooLong,
      "a key has \(key.bytes.count) bytes, this store takes at most \(keyByteCountMaximum); it begins with "
        + "\(Key(Array(key.bytes.prefix(32))))")
  }
}
