import Logging
import Synchronization
import TomboloResilience
public import TomboloPorts

extension SyncQueue {
  /// Puts a parked, dead-lettered or retrying operation back in line at once, with a fresh count of attempts. One that
  /// is waiting for its turn stays where it is.
  ///
  /// Throws `QueueError` with `notFound`, or `delivering` when an attempt is under way.
  public func retry(_ id: OperationID) async throws {
    // Even when it throws: the answer may be lost and the change stored.
    defer { workArrived.signal() }
    _ = try await submit(.redrive(id))
  }

  /// Removes an operation for good and tells why.
  ///
  /// Throws `QueueError` with `notFound`, or `delivering` when an attempt is under way.
  public func discard(_ id: OperationID, reason: String) async throws {
    defer { workArrived.signal() }
    _ = try await submit(.discard(id, reason: reason))
  }

  /// Puts every dead-lettered operation back in line, oldest first, and answers with how many.
  public func retryAllDeadLettered() async throws -> Int {
    var count = 0
    var after: OperationID?
    while true {
      let page = try await heldIDs(.deadLettered, after: after, limit: 256)
      for id in page {
        do {
          try await retry(id)
          count += 1
        } catch let error as QueueError where error.code == .notFound || error.code == .delivering {
          // Settled by somebody else in the meantime.
          continue
        }
      }
      guard page.count == 256 else { return count }
      after = page.last
    }
  }

  // MARK: - For the worker

  /// Takes up to `limit` operations for delivery: highest priority first, within one the longest waiting, never two of
  /// one ordering key. Beyond that, critical ones up to `criticalLimit`.
  ///
  /// When it throws, nothing was taken.
  func claim(_ limit: Int, criticalLimit: Int = 0) async throws -> [ClaimedOperation] {
    var taken: [(id: OperationID, priority: OperationPriority)] = []
    do {
      while true {
        try await take(criticalLimit, lowest: .critical, into: &taken)
        try await take(limit, lowest: .background, into: &taken)
        guard !taken.isEmpty else { return [] }
        let claimed = try await load(taken)
        // All that was taken may have been entries without an operation, and more may follow.
        guard claimed.isEmpty else { return claimed }
        taken = []
      }
    } catch {
      for entry in taken { engine.putBack(entry.id) }
      throw error
    }
  }

  /// Takes until there are `limit` in all.
  private func take(
    _ limit: Int, lowest: OperationPriority, into taken: inout [(id: OperationID, priority: OperationPriority)]
  ) async throws {
    while taken.count < limit {
      let more = engine.take(limit - taken.count, lowest: lowest)
      taken += more.taken
      if more.isExhausted || taken.count >= limit { return }
      _ = try await submit(.refill)
    }
  }

  /// - Parameter isRepeat: whether it was tried before, and may have been stored then.
  func settle(_ claimed: ClaimedOperation, _ settlement: Settlement, isRepeat: Bool = false) async throws {
    _ = try await submit(.settle(claimed, settlement, isRepeat: isRepeat))
    workArrived.signal()
  }

  /// Gives a claimed operation back as it was.
  ///
  /// - Parameter mayBeStored: whether a settlement was tried whose outcome is not known: then only the store can tell where
  ///   the operation stands.
  func putBack(_ claimed: ClaimedOperation, _ failure: DeliveryFailure?, mayBeStored: Bool = false) {
    if mayBeStored { engine.forgetPlace(claimed.id) } else { engine.putBack(claimed.id) }
    tell(claimed.id, kind: claimed.operation.kind, .released(failure))
    workArrived.signal()
  }

  /// Makes ready what is due, and answers how long it is until something is due again.
  func promote() async throws -> Duration? {
    while true {
      let now = time.now
      let known = engine.state.withLock { $0.dueTimes }
      guard let due = known.earliest else { return nil }
      let isStranded = known.earliestRetry.map { $0 >= configuration.strandedLimit(at: now) } ?? false
      if due > now, !isStranded { return min(now.duration(to: due), configuration.waitMaximum) }
      guard case .promoted(let count) = try await submit(.promote(now: now)) else { return nil }
      // Nothing was due, and when something will be could not be read: look again in a while.
      if count == 0, engine.state.withLock({ $0.dueTimes }) == known { return .seconds(1) }
    }
  }

  private func load(
    _ taken: [(id: OperationID, priority: OperationPriority)]
  ) async throws -> [ClaimedOperation] {
    let keys = taken.flatMap { [QueueLayout.operation($0.id), QueueLayout.progress($0.id)] }
    let records = try await store.get(keys)
    var claimed: [ClaimedOperation] = []
    for (index, entry) in taken.enumerated() {
      guard let value = records[2 * index]?.value else {
        logger.error("the ready index names an operation that is not there", metadata: ["operation": "\(entry.id)"])
        engine.forgetClaim(entry.id)
        _ = try await submit(.sweep(QueueLayout.ready(entry.priority, entry.id)))
        continue
      }
      do {
        let stored = try OperationRecord.decode(value, id: entry.id)
        let progress = try records[2 * index + 1].map { try ProgressRecord($0.value) }
        claimed.append(
          ClaimedOperation(
            id: entry.id, readyPriority: entry.priority, operation: stored.operation,
            hasOwnIdempotencyKey: stored.hasOwnIdempotencyKey, progress: progress,
            orderingKey: OrderingKey(of: stored.operation)))
      } catch {
        claimed.append(try await unreadable(entry.id, entry.priority, "\(error)"))
      }
    }
    return claimed
  }

  /// An operation whose bytes do not decode, with what the ready index knows of it.
  private func unreadable(
    _ id: OperationID, _ priority: OperationPriority, _ detail: String
  ) async throws -> ClaimedOperation {
    let entry = try await store.get(QueueLayout.ready(priority, id))
    let orderingKey = entry.flatMap { $0.value.isEmpty ? nil : String(validating: $0.value, as: UTF8.self) }
    let failure = DeliveryFailure(.undecodable, "the stored operation cannot be read: \(detail)")
    return ClaimedOperation(
      id: id, readyPriority: priority,
      operation: SyncOperation(id: id, kind: "", priority: priority, enqueuedAt: id.timestamp),
      hasOwnIdempotencyKey: false, progress: nil, unreadable: failure,
      orderingKey: orderingKey.map { OrderingKey(stored: $0) })
  }
}

extension SyncQueue {
  /// Whether there is anything that could be delivered now.
  func hasReady() async throws -> Bool {
    if engine.state.withLock({ $0.windows.contains { $0.count > 0 } }) { return true }
    for priority in OperationPriority.allCases {
      if try await !store.scan(QueueLayout.readyRange(priority), limit: 1).isEmpty { return true }
    }
    return false
  }
}
