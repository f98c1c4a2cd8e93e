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
    for mutation in batch.mutations {
      if let error = refusal(of: mutation.key) { return error }
      if case .put(let key, let value) = mutation, value.count > valueByteCountMaximum {
        return StoreError(
          .valueTooLarge,
          "the value for key \(key) has \(value.count) bytes; this store takes at most \(valueByteCountMaximum)")
      }
    }
    return nil
  }

  private func refusal(of key: Key) -> StoreError? {
    guard key.bytes.count > keyByteCountMaximum else { return nil }
    return StoreError(
      .keyTooLong,
      "a key has \(key.bytes.count) bytes, this store takes at most \(keyByteCountMaximum); it begins with "
        + "\(Key(Array(key.bytes.prefix(32))))")
  }
}
