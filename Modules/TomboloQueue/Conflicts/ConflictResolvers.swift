public import TomboloPorts

/// The operation always replaces what is there.
public struct LocalWinsConflictResolver: ConflictResolver {
  public init() {}

  public func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult { .applyLocal }
}

/// What is there always stands, and the operation ends as `discarded`.
public struct RemoteWinsConflictResolver: ConflictResolver {
  public init() {}

  public func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult { .keepRemote }
}

/// Every conflict waits for a person.
public struct ManualConflictResolver: ConflictResolver {
  public init() {}

  public func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult {
    .park("the upstream holds another version: \(remote.detail)")
  }
}
