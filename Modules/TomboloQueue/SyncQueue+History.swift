import Synchronization
public import TomboloPorts
import TomboloStorage

/// What is kept of operations that are gone, for as long as `QueueConfiguration.historyRetention` says.
extension SyncQueue {
  /// How an operation ended; `nil` when it is not gone, was never here, or ended longer ago than history is kept.
  ///
  /// Throws `QueueError` with `damaged`, and what the store throws.
  public func settled(_ id: OperationID) async throws -> SettledOperation? {
    guard let record = try await store.get(QueueLayout.history(id)) else { return nil }
    return try settled(id, record.value)
  }

  /// Where an operation stands, gone or not; `nil` when nothing is known of it.
  public func standing(of id: OperationID) async throws -> OperationStanding? {
    if let snapshot = try await snapshot(id) {
      return OperationStanding(
        id: id, state: snapshot.state, lastFailure: snapshot.lastFailure, operation: snapshot.operation)
    }
    // Looked for second: it may end between the two reads, and is never in neither place.
    return try await settled(id).map { OperationStanding(id: id, state: $0.state, detail: $0.detail) }
  }

  /// Operations that are gone, in the order they were enqueued.
  ///
  /// - Parameters:
  ///   - after: the last one of the page before.
  ///   - limit: the most on a page, up to a thousand.
  public func history(after: OperationID? = nil, limit: Int = 100) async throws -> [SettledOperation] {
    var range = QueueLayout.histories
    if let after { range.lower = Key(QueueLayout.history(after).bytes + [0]) }
    var page: [SettledOperation] = []
    for record in try await store.scan(range, limit: max(1, min(limit, 1_000))) {
      guard let id = QueueLayout.trailingID(record.key) else { continue }
      page.append(try settled(id, record.value))
    }
    return page
  }

  /// Operations that are gone and pass the filter, those that were enqueued last first.
  ///
  /// - Parameters:
  ///   - cursor: the one of the page before.
  ///   - limit: the most on a page, up to a thousand.
  public func history(
    _ filter: HistoryFilter, after cursor: OperationID? = nil, limit: Int = 100
  ) async throws -> HistoryPage {
    let limit = max(1, min(limit, 1_000))
    var page = HistoryPage(operations: [], cursor: nil)
    var range = QueueLayout.histories
    if let cursor { range.upper = QueueLayout.history(cursor) }
    // What one page reads is bounded: a filter that hardly anything passes gives short pages and a cursor.
    for _ in 0..<8 {
      let records = try await store.scan(range, reverse: true, limit: limit)
      for record in records {
        guard let id = QueueLayout.trailingID(record.key) else { continue }
        page.cursor = id
        let operation = try settled(id, record.value)
        guard filter.matches(operation) else { continue }
        page.operations.append(operation)
        if page.operations.count == limit { return page }
      }
      guard records.count == limit, let last = records.last else {
        page.cursor = nil
        return page
      }
      range.upper = last.key
    }
    return page
  }

  private func settled(_ id: OperationID, _ value: [UInt8]) throws -> SettledOperation {
    do {
      return SettledOperation(id: id, try HistoryRecord(value))
    } catch {
      throw QueueError(.damaged, "how operation \(id) ended cannot be read: \(error)")
    }
  }

  /// Takes one step of pruning when there is something to prune, and answers how long it is until the next; `nil` when
  /// nothing is kept.
  func prune() async throws -> Duration? {
    let now = time.now
    guard let due = engine.state.withLock({ $0.dueTimes.earliestPrune }) else { return nil }
    guard due <= now else { return min(now.duration(to: due), Self.pruneWaitMaximum) }
    _ = try await submit(.prune(now: now))
    guard let next = engine.state.withLock({ $0.dueTimes.earliestPrune }) else { return nil }
    return max(.zero, min(now.duration(to: next), Self.pruneWaitMaximum))
  }

  /// A wall clock may jump: history is looked at again after this long at the latest.
  private static let pruneWaitMaximum = Duration.seconds(3_600)
}
