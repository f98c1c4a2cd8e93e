import Logging
import Synchronization
public import TomboloPorts
import TomboloStorage

extension SyncQueue {
  /// How much there is in each state. Costs the same whatever the backlog: counts are kept, not counted.
  public func status() async throws -> QueueStatus {
    try await engine.refresh()
    let known = engine.state.withLock { ($0.counts, $0.inFlight.count) }
    let counts: QueueCounts
    if let kept = known.0 {
      counts = kept
    } else {
      counts = try await QueueCounts.stored(in: store).counts
    }
    return QueueStatus(
      counts, delivering: known.1, oldestPending: try await oldestPending(), stalledSince: stalled.withLock { $0 })
  }

  /// One operation, or `nil` when it was never here or is gone.
  public func snapshot(_ id: OperationID) async throws -> OperationSnapshot? {
    try await snapshots([id]).first ?? nil
  }

  /// Operations that are not gone, oldest first.
  ///
  /// - Parameters:
  ///   - after: the cursor of the page before.
  ///   - limit: the most operations on a page.
  public func list(
    _ filter: OperationFilter = OperationFilter(), after: OperationID? = nil, limit: Int = 100
  ) async throws -> OperationPage {
    let limit = max(1, min(limit, 1_000))
    var page = OperationPage(snapshots: [], cursor: nil)
    var position = after
    // What one page reads is bounded: a filter that hardly anything passes gives short pages and a cursor.
    for _ in 0..<8 {
      let ids = try await ids(filter, after: position, limit: limit)
      for snapshot in try await snapshots(ids) {
        guard let snapshot else { continue }
        position = snapshot.operation.id
        guard filter.matches(snapshot) else { continue }
        page.snapshots.append(snapshot)
        if page.snapshots.count == limit {
          page.cursor = position
          return page
        }
      }
      guard ids.count == limit, let last = ids.last else { return page }
      position = last
    }
    page.cursor = position
    return page
  }

  private func ids(_ filter: OperationFilter, after: OperationID?, limit: Int) async throws -> [OperationID] {
    switch filter.state {
    case .parked: return try await heldIDs(.parked, after: after, limit: limit)
    case .deadLettered: return try await heldIDs(.deadLettered, after: after, limit: limit)
    default: break
    }
    if let orderingKey = filter.orderingKey, filter.state != nil {
      let name = OrderingKey(stored: "o" + QueueLayout.name(orderingKey, in: filter.namespace))
      return try await ids(in: QueueLayout.lineRange(name), from: after.map { QueueLayout.inLine(name, $0) }, limit)
    }
    // In this order: one that is parted between the two is seen twice, and never missed.
    let single = try await ids(in: QueueLayout.single, from: after.map { QueueLayout.single($0) }, limit)
    let parted = try await ids(in: QueueLayout.operations, from: after.map { QueueLayout.operation($0) }, limit)
    return Array(Set(parted + single).sorted().prefix(limit))
  }

  func heldIDs(_ disposition: HeldDisposition, after: OperationID?, limit: Int) async throws -> [OperationID] {
    try await ids(
      in: QueueLayout.heldRange(disposition), from: after.map { QueueLayout.held(disposition, $0) }, limit)
  }

  private func ids(in range: KeyRange, from position: Key?, _ limit: Int) async throws -> [OperationID] {
    var range = range
    if let position { range.lower = Key(position.bytes + [0]) }
    return try await store.scan(range, limit: limit).compactMap { QueueLayout.trailingID($0.key) }
  }

  private func snapshots(_ ids: [OperationID]) async throws -> [OperationSnapshot?] {
    guard !ids.isEmpty else { return [] }
    let records = try await store.get(
      ids.flatMap { [QueueLayout.single($0), QueueLayout.operation($0), QueueLayout.progress($0)] })
    let inFlight = engine.state.withLock { $0.inFlight }
    var decoded: [(operation: SyncOperation, progress: ProgressRecord?, unreadable: DeliveryFailure?)?] = []
    for (index, id) in ids.enumerated() {
      let record = records[3 * index] ?? records[3 * index + 1]
      decoded.append(Self.decode(id, record?.value, records[3 * index + 2]?.value))
    }
    let orderingKeys = Set(decoded.compactMap { $0.flatMap { OrderingKey(of: $0.operation) } })
    let lineKeys = orderingKeys.map { QueueLayout.orderingKey($0) }
    let lines = try await store.get(lineKeys)
    var heads: [OrderingKey: OperationID] = [:]
    for (orderingKey, record) in zip(orderingKeys, lines) {
      guard let record else { continue }
      do {
        heads[orderingKey] = try OrderingKeyRecord(record.value).head
      } catch {
        // Mended when the line moves; until then its operations are shown as pending.
        logger.warning("the line of an ordering key cannot be read", metadata: ["error": "\(error)"])
      }
    }
    let leased = try await leased(ids)
    let awaited = try await awaited(decoded.compactMap { $0?.operation })
    return decoded.map { entry in
      guard let entry else { return nil }
      let head = OrderingKey(of: entry.operation).flatMap { heads[$0] }
      var snapshot = makeSnapshot(
        entry.operation, entry.progress,
        isDelivering: inFlight[entry.operation.id] != nil || leased.contains(entry.operation.id), head: head,
        awaiting: entry.operation.after.filter { awaited.contains($0) })
      if let failure = entry.unreadable { snapshot.lastFailure = failure }
      snapshot.progress = inFlight[entry.operation.id]?.progress
      return snapshot
    }
  }

  /// Those that some process delivers, on a shared store.
  private func leased(_ ids: [OperationID]) async throws -> Set<OperationID> {
    guard engine.isShared else { return [] }
    let records = try await store.get(ids.map { QueueLayout.lease($0) })
    return Set(zip(ids, records).compactMap { $1 == nil ? nil : $0 })
  }

  /// Those of the operations that others wait for which are not gone.
  private func awaited(_ operations: [SyncOperation]) async throws -> Set<OperationID> {
    let ids = Array(Set(operations.flatMap(\.after)))
    guard !ids.isEmpty else { return [] }
    let records = try await store.get(ids.flatMap { [QueueLayout.single($0), QueueLayout.operation($0)] })
    return Set(
      ids.enumerated().filter { records[2 * $0.offset] != nil || records[2 * $0.offset + 1] != nil }.map(\.element))
  }

  /// Takes two stored values apart; what cannot be read is shown as what it is instead of hiding the rest of a listing.
  private static func decode(
    _ id: OperationID, _ value: [UInt8]?, _ progressValue: [UInt8]?
  ) -> (operation: SyncOperation, progress: ProgressRecord?, unreadable: DeliveryFailure?)? {
    guard let value else { return nil }
    do {
      let progress = try progressValue.map { try ProgressRecord($0) }
      do {
        return (try OperationRecord.decode(value, id: id).operation, progress, nil)
      } catch {
        let failure = DeliveryFailure(.undecodable, "the stored operation cannot be read: \(error)")
        return (SyncOperation(id: id, kind: "", enqueuedAt: id.timestamp), progress, failure)
      }
    } catch {
      let failure = DeliveryFailure(.undecodable, "what happened to the operation cannot be read: \(error)")
      return (SyncOperation(id: id, kind: "", enqueuedAt: id.timestamp), nil, failure)
    }
  }

  private func makeSnapshot(
    _ operation: SyncOperation, _ progress: ProgressRecord?, isDelivering: Bool, head: OperationID?,
    awaiting: [OperationID]
  ) -> OperationSnapshot {
    let now = time.now
    let due = [progress?.dueAt, operation.notBefore].compactMap { $0 }.filter { $0 > now }.max()
    var snapshot = OperationSnapshot(
      operation: operation, state: .pending, attemptCount: progress?.attemptCount ?? 0,
      lastFailure: progress?.lastFailure, lastFailureAt: progress?.lastFailureAt, dueAt: due)
    if isDelivering {
      snapshot.state = .delivering
      snapshot.dueAt = nil
    } else if let held = progress?.held {
      snapshot.state = held == .parked ? .parked : .deadLettered
      snapshot.conflict = progress?.conflicting
      snapshot.dueAt = nil
    } else if let head, head != operation.id {
      snapshot.state = .blocked
      snapshot.behind = head
      snapshot.awaiting = awaiting
    } else if !awaiting.isEmpty {
      snapshot.state = .blocked
      snapshot.awaiting = awaiting
    } else if due != nil, snapshot.attemptCount > 0 {
      snapshot.state = .retrying
    }
    return snapshot
  }

  /// When the longest waiting operation was enqueued, among those that are ready and the next to come back from their
  /// backoff: a bounded number of reads.
  private func oldestPending() async throws -> Timestamp? {
    var oldest: OperationID?
    for priority in OperationPriority.allCases {
      oldest = [oldest, try await firstReady(priority)].compactMap { $0 }.min()
    }
    let waiting = try await store.scan(QueueLayout.retrying, limit: 64).compactMap { QueueLayout.trailingID($0.key) }
    return (waiting + [oldest].compactMap { $0 }).min()?.timestamp
  }
}
