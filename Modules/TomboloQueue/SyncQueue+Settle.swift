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
}
