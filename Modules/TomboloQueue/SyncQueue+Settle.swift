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

  /// Gives a parked or dead-lettered operation another payload, to be put back in line with `retry`. Its idempotency key stays:
  /// a receiver that has answered it for good, and remembers, has to be asked with a new operation.
  ///
  /// Throws `QueueError` with `notFound`, `wrongState` when it does not wait for a person, or `payloadTooLarge`.
  public func edit(_ id: OperationID, payload: [UInt8], version: Int? = nil) async throws {
    try requireRoom(for: payload)
    if let version, version < 1 {
      throw QueueError(.invalidOperation, "version is \(version): a kind's versions begin with 1", field: "version")
    }
    _ = try await submit(.edit(id, payload: payload, version: version))
  }

  func requireRoom(for payload: [UInt8]) throws(QueueError) {
    guard payload.count <= configuration.payloadByteCountMaximum else {
      throw QueueError(
        .payloadTooLarge,
        "the payload has \(payload.count) bytes, and the limit is \(configuration.payloadByteCountMaximum) "
          + "(queue.payloadMaximum)", field: "payload")
    }
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

  /// Stores that these were delivered, each for itself; answers, by their positions, why some were not stored.
  func settle(_ delivered: [DeliveredOperation]) async -> [Int: any Error] {
    let results = await submit(delivered.map { .settle($0.claimed, $0.settlement, isRepeat: false) })
    var failures: [Int: any Error] = [:]
    for (position, result) in results.enumerated() {
      if case .failure(let error) = result { failures[position] = error }
    }
    return failures
  }

  /// Gives a claimed operation back as it was.
  ///
  /// - Parameter mayBeStored: whether a settlement was tried whose outcome is not known: then only the store can tell where
  ///   the operation stands.
  func putBack(_ claimed: ClaimedOperation, _ failure: DeliveryFailure?, mayBeStored: Bool = false) {
    defer {
      tell(claimed.id, kind: claimed.operation.kind, .released(failure))
      workArrived.signal()
    }
    if mayBeStored { engine.forgetPlace(claimed.id) } else { engine.putBack(claimed.id) }
  }

  /// Gives a claimed operation back as it was; on a shared store its lease too. One that cannot be given back, because the
  /// store fails, is taken over when it ends.
  func giveBack(_ claimed: ClaimedOperation, _ failure: DeliveryFailure?, mayBeStored: Bool = false) async {
    guard claimed.token != nil else { return putBack(claimed, failure, mayBeStored: mayBeStored) }
    do {
      _ = try await submit(.giveBack(claimed))
      tell(claimed.id, kind: claimed.operation.kind, .released(failure))
      workArrived.signal()
    } catch {
      logger.warning(
        "a lease could not be given back; it ends by itself",
        metadata: ["operation": "\(claimed.id)", "error": "\(error)"])
      putBack(claimed, failure, mayBeStored: true)
    }
  }

  /// Puts off the end of the leases of operations that are being delivered, and answers with those that were lost.
  func renew(_ claimed: [ClaimedOperation]) async throws -> [OperationID] {
    let until = time.now.advanced(by: configuration.leaseDuration)
    guard case .lost(let lost) = try await submit(.renew(claimed, until: until)) else { return [] }
    return lost
  }

  /// Makes ready what is due, and answers how long it is until something is due again.
  func promote() async throws -> Duration? {
    try await engine.refresh()
    guard let wait = [try await promoteDue(), try await prune()].compactMap({ $0 }).min() else {
      return engine.isShared ? configuration.sharedPollInterval : nil
    }
    return engine.isShared ? min(wait, configuration.sharedPollInterval) : wait
  }

  private func promoteDue() async throws -> Duration? {
    while true {
      let now = time.now
      let known = engine.state.withLock { $0.dueTimes }
      guard let due = known.earliest else { return nil }
      let isStranded =
        known.earliestRetry.map { $0 >= configuration.strandedLimit(at: now) } ?? false
        || known.earliestLease.map { $0 >= configuration.leaseLimit(at: now) } ?? false
      if due > now, !isStranded { return min(now.duration(to: due), configuration.waitMaximum) }
      guard case .promoted(let count) = try await submit(.promote(now: now)) else { return nil }
      // Nothing was due, and when something will be could not be read: look again in a while.
      if count == 0, engine.state.withLock({ $0.dueTimes }) == known { return .seconds(1) }
    }
  }
}
