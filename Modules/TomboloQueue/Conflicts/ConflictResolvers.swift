public import TomboloPorts

/// Last writer wins: the version that was written later stands. On equal times the remote one stands, so that every device
/// decides alike.
///
/// A remote version that does not tell when it was written cannot be compared and parks the operation. The comparison
/// trusts both wall clocks; an operation from more than `skewMaximum` in the future of the remote time is parked instead
/// of winning for ever.
public struct TimestampConflictResolver: ConflictResolver {
  public var skewMaximum: Duration

  public init(skewMaximum: Duration = .seconds(365 * 24 * 3_600)) {
    self.skewMaximum = skewMaximum
  }

  public func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult {
    guard let modifiedAt = remote.modifiedAt else {
      return .park("the upstream holds another version and does not tell when it was written: \(remote.detail)")
    }
    if modifiedAt.duration(to: operation.enqueuedAt) > skewMaximum {
      return .park("the clocks here (\(operation.enqueuedAt)) and at the upstream (\(modifiedAt)) are too far apart")
    }
    return operation.enqueuedAt > modifiedAt ? .applyLocal : .keepRemote
  }
}

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
