import TomboloPorts
import TomboloStorage

/// What happens at the limits of the queue.
extension QueuePlanner {
  /// The most operations that go for one that comes.
  private static let victimCountMaximum = 64
  /// How many operations are looked at, in each index, to find one that may go.
  private static let searchCount = 64

  /// Makes room for one more operation, as the limit policy says, and answers with what had to go. Throws when there is none
  /// to be made.
  ///
  /// - Parameter awaited: what is to be waited for, and stays.
  mutating func makeRoom(
    for operation: NewOperation, keeping awaited: Set<OperationID>
  ) throws -> [SyncOperation] {
    var victims: [SyncOperation] = []
    while let error = lackOfRoom(for: operation) {
      guard victims.count < Self.victimCountMaximum, let victim = try victim(of: operation, keeping: awaited)
      else { throw error }
      let isCoalesced = configuration.limitPolicy == .coalesce
      try remove(
        victim.stored, progress: victim.progress, end: isCoalesced ? .superseded : .discarded,
        reason: isCoalesced
          ? "the queue was full, and a newer operation of its kind and ordering key took its place"
          : "the queue was full, and a more urgent operation came")
      victims.append(victim.stored.operation)
    }
    return victims
  }

  mutating func tell(_ victims: [SyncOperation], madeRoomFor id: OperationID) throws {
    for victim in victims {
      if configuration.limitPolicy == .coalesce {
        tell(victim.id, kind: victim.kind, .superseded(by: id))
        try amendHistory(of: victim.id) { $0.supersededBy = id }
      } else {
        let reason = "the queue was full, and the more urgent operation \(id) came"
        tell(victim.id, kind: victim.kind, .discarded(reason: reason))
        try amendHistory(of: victim.id) { $0.detail = reason }
      }
    }
  }

  /// Whether nothing has to make way for an operation that counts so much.
  func hasRoom(for byteCount: Int) -> Bool {
    counts.stored < shared.operationsMaximum && counts.byteCount + byteCount <= shared.bytesMaximum
  }

  private func lackOfRoom(for operation: NewOperation) -> QueueError? {
    if counts.stored >= configuration.operationsMaximum {
      return QueueError(
        .full,
        "the queue holds \(counts.stored) operations, which is its limit (queue.operationsMaximum): "
          + "wait until some are delivered, settle dead ones, or raise the limit")
    }
    if counts.byteCount + operation.keptByteCount > configuration.bytesMaximum {
      return QueueError(
        .full,
        "the queue holds \(counts.byteCount) bytes, and \(operation.keptByteCount) more would exceed its "
          + "limit of \(configuration.bytesMaximum) (queue.bytesMaximum): wait, settle dead ones, or raise the limit")
    }
    return nil
  }

  private mutating func victim(
    of operation: NewOperation, keeping awaited: Set<OperationID>
  ) throws -> (stored: StoredOperation, progress: ProgressRecord?)? {
    switch configuration.limitPolicy {
    case .reject: return nil
    case .dropLowest:
      // The lowest priority goes first, within one the newest; what is not lower than the new one stays.
      let candidates = try candidates(below: operation.priority).filter {
        $0.stored.operation.priority > operation.priority && !awaited.contains($0.stored.operation.id)
      }
      return candidates.max {
        ($0.stored.operation.priority.rawValue, $0.stored.operation.id)
          < ($1.stored.operation.priority.rawValue, $1.stored.operation.id)
      }
    case .coalesce:
      guard let key = operation.lineKey else { return nil }
      let ids = try view.newest(in: QueueLayout.lineRange(key), limit: Self.searchCount)
      return try readExpendable(ids).first {
        $0.stored.operation.kind == operation.kind && !awaited.contains($0.stored.operation.id)
      }
    }
  }

  private mutating func candidates(
    below priority: OperationPriority
  ) throws -> [(stored: StoredOperation, progress: ProgressRecord?)] {
    var ids = try view.newest(in: QueueLayout.operations, limit: Self.searchCount)
    if priority < .normal { ids += try view.newest(in: QueueLayout.single, limit: Self.searchCount) }
    for lower in OperationPriority.allCases.reversed() where lower > priority {
      ids += try view.newest(in: QueueLayout.readyRange(lower), limit: 4)
    }
    return try readExpendable(ids)
  }

  /// Those of the operations that may go.
  private mutating func readExpendable(
    _ ids: [OperationID]
  ) throws -> [(stored: StoredOperation, progress: ProgressRecord?)] {
    for id in ids {
      expect(id)
      view.expect(QueueLayout.progress(id))
    }
    guard view.isComplete else { throw PlanView.Unread() }
    var found: [(stored: StoredOperation, progress: ProgressRecord?)] = []
    for id in ids where try !isUnderWay(id) {
      guard let stored = try readable({ try $0.operation(id) }), try !hasDependents(id) else { continue }
      let progress = try readable { try $0.progress(id) }
      guard progress?.held == nil else { continue }
      found.append((stored, progress))
    }
    return found
  }
}
