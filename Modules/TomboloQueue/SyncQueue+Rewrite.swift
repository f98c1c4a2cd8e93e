public import TomboloPorts

extension SyncQueue {
  /// Gives waiting operations other bytes, together with changes of the caller's own, in one commit: for a layer that learns what
  /// the outside calls something that queued operations mention.
  ///
  /// Their places in line, idempotency keys, attempts and due times stay. Operations that are gone are passed over.
  ///
  /// Throws `QueueError` with `delivering` when one of them is being delivered, `StoreError` with `conflict` when a check of the
  /// companion does not hold, and what the store throws; nothing was stored then, but for `outcomeUnknown`.
  ///
  /// - Parameter rewrite: is given the payload, or the base, of an operation; called any number of times, and depends on nothing
  ///   else.
  public func rewrite(
    _ ids: [OperationID], alongside companion: Batch = Batch(), _ rewrite: @escaping @Sendable ([UInt8]) -> [UInt8]
  ) async throws {
    _ = try await submit(.rewrite(ids, alongside: companion, rewrite))
  }
}
