import TomboloPorts
import TomboloStorage

/// What becomes of a new operation whose coalescing key is there already.
enum Unification {
  /// It is added; behind this one, if it has a predecessor.
  case add(behind: OperationID?)
  /// Nothing is added.
  case keep(OperationID)
  /// It takes the place of this one, which is taken away, and takes over its base.
  case replace(SyncOperation)
  case merge(SyncOperation)
}

extension QueuePlanner {
  /// Applies the uniqueness policy. With `merge` the operation gets the merged payload.
  ///
  /// - Parameter awaited: what is to be waited for, and stays.
  mutating func unify(
    _ operation: inout NewOperation, keeping awaited: Set<OperationID>
  ) throws -> Unification {
    guard let coalescingKey = operation.scopedCoalescingKey,
      let bytes = try view.get(QueueLayout.coalescing(coalescingKey)),
      let id = QueueLayout.trailingID(Key(bytes))
    else { return .add(behind: nil) }
    guard try !isUnderWay(id) else {
      if let stored = try readable({ try $0.operation(id) }) { try requireLine(of: stored.operation, for: operation) }
      return .add(behind: id)
    }
    expect(id)
    view.expect(QueueLayout.progress(id))
    guard view.isComplete else { throw PlanView.Unread() }
    let progress = try progress(id)
    guard progress?.held == nil, let stored = try self.operation(id) else { return .add(behind: nil) }
    try requireLine(of: stored.operation, for: operation)
    switch operation.uniqueness ?? configuration.uniqueness {
    case .append: return .add(behind: id)
    case .keep: return .keep(id)
    case .keepLatestWhileActive:
      guard try isAtWork(operation) else { return .keep(id) }
    case .replace, .merge: break
    }
    // Others would wait for something that is gone, or for one that came after them.
    guard try !awaited.contains(id) && !hasDependents(id) else { return .add(behind: id) }
    let isMerge = (operation.uniqueness ?? configuration.uniqueness) == .merge
    if isMerge { try merge(stored.operation, into: &operation) }
    // It now tells of both changes, and the first was made on what the upstream had; the second on what was here already. Unless the
    // first was merged with another version meanwhile: that is its base now, and whoever made the second has not seen it.
    if progress?.replacing == nil { operation.base = stored.operation.base }
    try remove(
      stored, progress: progress, end: .superseded,
      reason: isMerge
        ? "it was merged into a newer operation with its coalescing key"
        : "a newer operation with its coalescing key took its place")
    return isMerge ? .merge(stored.operation) : .replace(stored.operation)
  }

  /// Refuses an operation that would stand in another line than the one before it with its coalescing key: the two could be
  /// delivered at once.
  private func requireLine(of present: SyncOperation, for operation: NewOperation) throws(QueueError) {
    guard operation.orderingKey != present.orderingKey else { return }
    func named(_ key: String?) -> String { key.map { "the ordering key \($0)" } ?? "no ordering key" }
    throw QueueError(
      .invalidOperation,
      "the coalescing key \(operation.coalescingKey ?? "") is in use by operation \(present.id) with "
        + "\(named(present.orderingKey)), and this one has \(named(operation.orderingKey)), so the two could be delivered at "
        + "once: give all operations of a coalescing key the same ordering key, or this one another coalescing key",
      field: "coalescingKey")
  }

  /// Whether an operation with this one's coalescing key is being delivered.
  private mutating func isAtWork(_ operation: NewOperation) throws -> Bool {
    guard let key = operation.lineKey, let line = try line(key), try isUnderWay(line.head),
      let head = try self.operation(line.head)?.operation
    else { return false }
    return head.coalescingKey == operation.coalescingKey
  }

  private func merge(_ waiting: SyncOperation, into operation: inout NewOperation) throws {
    do {
      operation.payload = try configuration.merger.merge(waiting, with: operation)
    } catch {
      throw QueueError(
        .invalidOperation, "the payload cannot be merged with that of the waiting operation \(waiting.id): \(error)",
        field: "payload")
    }
    guard operation.payload.count <= configuration.payloadByteCountMaximum else {
      throw QueueError(
        .payloadTooLarge,
        "merged with the waiting operation \(waiting.id) the payload has \(operation.payload.count) bytes, and the limit "
          + "is \(configuration.payloadByteCountMaximum) (queue.payloadMaximum)", field: "payload")
    }
  }
}
