public import TomboloPorts

/// How a person settles a conflict that waits for one.
public enum ConflictChoice: Hashable, Sendable {
  /// The operation replaces what the upstream holds.
  case local
  /// What the upstream holds stands; the operation ends as `discarded`.
  case remote
  /// This payload replaces what the upstream holds.
  case merged([UInt8])
}

extension SyncQueue {
  /// Settles a conflict for which an operation is parked; `OperationSnapshot.conflict` has the upstream's version.
  ///
  /// The operation is put back in line to replace that version; when the upstream has yet another by then, that is a new
  /// conflict. Throws `QueueError` with `notFound`, `delivering`, `payloadTooLarge`, or `wrongState` when it is not parked for a
  /// conflict.
  public func resolve(_ id: OperationID, with choice: ConflictChoice) async throws {
    if case .merged(let payload) = choice { try requireRoom(for: payload) }
    // Even when it throws: the answer may be lost and the change stored.
    defer { workArrived.signal() }
    _ = try await submit(.resolve(id, choice))
  }
}
