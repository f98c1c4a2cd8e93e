import TomboloPorts

extension SyncQueue {
  /// Where the operations with these idempotency keys stand, in the order asked for; `nil` for one that was never here, or
  /// that ended longer ago than `idempotencyRetention`.
  public func standings(
    ofIdempotencyKeys names: [String], namespace: String? = nil
  ) async throws -> [OperationStanding?] {
    guard !names.isEmpty else { return [] }
    let keys = names.map { QueueLayout.idempotency(QueueLayout.name($0, in: namespace)) }
    var standings: [OperationStanding?] = []
    for (key, record) in zip(keys, try await store.get(keys)) {
      guard let record else {
        standings.append(nil)
        continue
      }
      standings.append(try await standing(IdempotencyRecord(record.value), key))
    }
    return standings
  }

  private func standing(_ known: IdempotencyRecord, _ key: Key) async throws -> OperationStanding? {
    if let end = known.end { return OperationStanding(id: known.id, state: end, detail: known.detail) }
    if let snapshot = try await snapshot(known.id) {
      return OperationStanding(
        id: known.id, state: snapshot.state, lastFailure: snapshot.lastFailure, operation: snapshot.operation)
    }
    // It ended between the two reads, and how it ended was stored with that.
    guard let record = try await store.get(key) else { return nil }
    let ended = try IdempotencyRecord(record.value)
    return OperationStanding(id: ended.id, state: ended.end ?? .pending, detail: ended.detail)
  }
}
