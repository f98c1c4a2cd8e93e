/// Decides what becomes of an operation when the outside holds another version.
public protocol ConflictResolver: Sendable {
  /// Called once a conflict; the queue bounds how often that may happen to one operation. Throwing parks the operation.
  func resolve(_ operation: SyncOperation, against remote: RemoteVersion) async throws -> ResolutionResult
}

/// What a resolver decided.
public enum ResolutionResult: Hashable, Sendable {
  /// Deliver the operation again, to replace the remote version.
  case applyLocal
  /// The remote version stands; the operation ends as `discarded`.
  case keepRemote
  /// Deliver the operation again with this payload.
  case merged([UInt8])
  /// Wait for a person; with the reason.
  case park(String)
}
