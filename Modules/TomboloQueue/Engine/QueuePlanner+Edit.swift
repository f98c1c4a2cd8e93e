import TomboloPorts
import TomboloStorage

extension QueuePlanner {
  /// By hand: another payload for an operation that waits for a person.
  mutating func edit(_ id: OperationID, payload: [UInt8], version: Int?) throws {
    let (stored, progress) = try waitingOperation(id)
    guard progress?.held != nil else {
      throw QueueError(
        .wrongState, "operation \(id) is neither parked nor dead-lettered: only what waits for a person can be edited")
    }
    guard !stored.operation.kind.isEmpty else {
      throw QueueError(.wrongState, "operation \(id) cannot be read, so it can only be discarded")
    }
    try put(payload, of: stored, version: version)
  }

  /// By hand: which version stands, of an operation that is parked for a conflict.
  mutating func resolve(_ id: OperationID, _ choice: ConflictChoice) throws {
    let (stored, known) = try waitingOperation(id)
    guard var progress = known, progress.held == .parked, let remote = progress.conflicting else {
      throw QueueError(
        .wrongState, "operation \(id) is not parked for a conflict: retry or discard it instead of resolving it")
    }
    switch choice {
    case .remote:
      return try discard(stored, progress, reason: "the upstream's version stands, by hand: \(remote.detail)")
    case .merged(let payload): try put(payload, of: stored, over: remote)
    case .local: try put(nil, of: stored, over: remote)
    }
    progress.replacing = remote.mark
    try redrive(stored, progress)
  }
}
