import Logging
import Synchronization
import TomboloPorts

/// What a worker says to an operation that could be delivered, at a moment of the monotonic clock.
struct ClaimFilter {
  /// Reserves a place at the upstream of an operation, and notes it there; `false` when it has none to give:
  /// others are looked at then, and it stays where it is.
  var hasRoom: (ClaimedOperation, Duration) -> Bool
  /// Reserves a place for it, or says why it has to stand aside.
  var admit: (ClaimedOperation, Duration) -> AsideScope?
  /// Takes a reservation back.
  var withdraw: (ClaimedOperation) -> Void

  static var none: ClaimFilter { ClaimFilter(hasRoom: { _, _ in true }, admit: { _, _ in nil }, withdraw: { _ in }) }
}

extension SyncQueue {
  /// How many operations are looked at together once some had to stand aside.
  private static let searchCount = 64
  /// How many operations are passed over in one claim because their upstream has no room.
  private static let postponedCountMaximum = 64

  /// Takes up to `limit` operations for delivery: highest priority first, within one the longest waiting, never two of
  /// one ordering key. Beyond that, critical ones up to `criticalLimit`.
  ///
  /// When it throws, nothing was taken.
  func claim(_ limit: Int, criticalLimit: Int = 0, filter: ClaimFilter = .none) async throws -> [ClaimedOperation] {
    guard !engine.isPaused else { return [] }
    var claimed: [ClaimedOperation] = []
    var postponed: [OperationID] = []
    // Only then, so that the search goes on behind them.
    defer { for id in postponed { engine.putBack(id) } }
    var isSearching = false
    do {
      while true {
        let wanted = (critical: criticalLimit - claimed.count, all: limit - claimed.count)
        guard max(wanted.critical, wanted.all) > 0 else { return claimed }
        let found = try await load(taking: wanted, isSearching: isSearching)
        guard let found else { return claimed }
        let leasedCount = claimed.count
        let postponedCount = postponed.count
        let asideCount = try await sort(found, wanted, filter, into: &claimed, &postponed)
        if engine.isShared { try await lease(&claimed, from: leasedCount, filter) }
        // All that was taken may have been entries without an operation, or operations that stand aside now.
        if asideCount == 0, !claimed.isEmpty { return claimed }
        if engine.isShared, Task.isCancelled { return claimed }
        guard postponed.count < Self.postponedCountMaximum else { return claimed }
        isSearching = asideCount > 0 || postponed.count > postponedCount
      }
    } catch {
      for one in claimed {
        filter.withdraw(one)
        if engine.isShared { await giveBack(one, nil, mayBeStored: true) } else { engine.putBack(one.id) }
      }
      throw error
    }
  }

  /// Takes and reads; `nil` when there was nothing to take.
  private func load(
    taking wanted: (critical: Int, all: Int), isSearching: Bool
  ) async throws -> [ClaimedOperation]? {
    var taken: [TakenEntry] = []
    func enlarged(_ count: Int) -> Int { count > 0 && isSearching ? max(count, Self.searchCount) : count }
    do {
      try await take(enlarged(wanted.critical), lowest: .critical, into: &taken)
      try await take(enlarged(wanted.all), lowest: .background, into: &taken)
      return taken.isEmpty ? nil : try await load(taken)
    } catch {
      for entry in taken { engine.putBack(entry.id) }
      throw error
    }
  }

  /// Leases those from `start` on, and drops those that another process was quicker to take.
  private func lease(
    _ claimed: inout [ClaimedOperation], from start: Int, _ filter: ClaimFilter
  ) async throws {
    let wanted = Array(claimed[start...])
    guard !wanted.isEmpty else { return }
    let until = time.now.advanced(by: configuration.leaseDuration)
    guard case .leased(let tokens) = try await submit(.lease(wanted, until: until)) else { return }
    claimed.removeSubrange(start...)
    for one in wanted {
      if let token = tokens[one.id] {
        claimed.append(one.leased(token, inPlaceOf: one))
      } else {
        filter.withdraw(one)
        engine.forgetPlace(one.id)
      }
    }
    // Between reading and leasing another process may have had it, and noted a failure.
    let leased = claimed[start...].map { TakenEntry(id: $0.id, priority: $0.readyPriority, record: nil) }
    let fresh = Dictionary(try await load(leased).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for index in start..<claimed.count {
      guard let one = fresh[claimed[index].id] else { continue }
      claimed[index] = one.leased(claimed[index].token, inPlaceOf: claimed[index])
    }
  }

  /// Parts what may be delivered from what has to stand aside, puts back what is too much, and answers how many stood aside.
  private func sort(
    _ found: [ClaimedOperation], _ wanted: (critical: Int, all: Int), _ filter: ClaimFilter,
    into claimed: inout [ClaimedOperation], _ postponed: inout [OperationID]
  ) async throws -> Int {
    var aside: [AsideScope: [ClaimedOperation]] = [:]
    var (critical, all) = wanted
    let now = time.uptime
    for one in found {
      switch sort(one, isWanted: all > 0 || (critical > 0 && one.readyPriority == .critical), filter, now) {
      case .claimed:
        claimed.append(one)
        all -= 1
        critical -= 1
      case .unwanted: engine.putBack(one.id)
      case .postponed: postponed.append(one.id)
      case .aside(let scope): aside[scope, default: []].append(one)
      }
    }
    for (scope, operations) in aside.sorted(by: { $0.key.stored < $1.key.stored }) {
      do {
        _ = try await submit(.setAside(operations, scope))
      } catch {
        for operations in aside.values { for one in operations { engine.forgetPlace(one.id) } }
        throw error
      }
    }
    return aside.values.reduce(0) { $0 + $1.count }
  }

  private enum Place {
    case claimed, unwanted, postponed
    case aside(AsideScope)
  }

  /// Apart, because an asynchronous function copies the operation each time it looks at it.
  private func sort(_ one: ClaimedOperation, isWanted: Bool, _ filter: ClaimFilter, _ now: Duration) -> Place {
    // What cannot be read is wanted for nothing but to be told of.
    guard one.unreadable == nil else { return isWanted ? .claimed : .unwanted }
    if let scope = engine.obstacle(to: one.operation) { return .aside(scope) }
    guard isWanted else { return .unwanted }
    guard filter.hasRoom(one, now) else { return .postponed }
    if let scope = filter.admit(one, now) { return .aside(scope) }
    return .claimed
  }

  /// Takes until there are `limit` in all.
  private func take(
    _ limit: Int, lowest: OperationPriority, into taken: inout [TakenEntry]
  ) async throws {
    while taken.count < limit {
      let more = engine.take(limit - taken.count, lowest: lowest)
      taken += more.taken
      if more.isExhausted || taken.count >= limit { return }
      _ = try await submit(.refill)
    }
  }

  /// Reads what was taken, but for what came with it.
  private func load(_ taken: [TakenEntry]) async throws -> [ClaimedOperation] {
    var keys: [Key] = []
    for entry in taken where entry.record == nil {
      keys += [QueueLayout.operation(entry.id), QueueLayout.progress(entry.id)]
      // Another process may part it at any moment, so all are read at one.
      if engine.isShared { keys.append(QueueLayout.single(entry.id)) }
    }
    let records = keys.isEmpty ? [] : try await store.get(keys)
    var claimed: [ClaimedOperation] = []
    claimed.reserveCapacity(taken.count)
    var position = 0
    for entry in taken {
      var single = entry.record
      var (own, progressValue) = ([UInt8]?.none, [UInt8]?.none)
      if single == nil {
        (own, progressValue) = (records[position]?.value, records[position + 1]?.value)
        position += 2
        if engine.isShared {
          if own == nil { single = records[position]?.value }
          position += 1
        } else if own == nil {
          single = try await store.get(QueueLayout.single(entry.id))?.value
        }
      }
      guard let value = own ?? single else {
        if engine.isShared {
          // Another process settled it.
          engine.forgetClaim(entry.id)
          continue
        }
        logger.error("the ready index names an operation that is not there", metadata: ["operation": "\(entry.id)"])
        engine.forgetClaim(entry.id)
        _ = try await submit(.sweep(QueueLayout.ready(entry.priority, entry.id)))
        continue
      }
      do {
        var stored = try OperationRecord.decode(value, id: entry.id)
        stored.single = single
        let progress = try progressValue.map { try ProgressRecord($0) }
        claimed.append(
          ClaimedOperation(
            id: entry.id, readyPriority: entry.priority, stored: stored, progress: progress,
            orderingKey: OrderingKey(of: stored.operation)))
      } catch {
        claimed.append(try await unreadable(entry.id, entry.priority, single: single, "\(error)"))
      }
    }
    return claimed
  }

  /// An operation whose bytes do not decode, with what the ready index knows of it.
  private func unreadable(
    _ id: OperationID, _ priority: OperationPriority, single: [UInt8]?, _ detail: String
  ) async throws -> ClaimedOperation {
    let entry = single != nil ? nil : try await store.get(QueueLayout.ready(priority, id))
    let orderingKey = entry.flatMap { $0.value.isEmpty ? nil : String(validating: $0.value, as: UTF8.self) }
    let failure = DeliveryFailure(.undecodable, "the stored operation cannot be read: \(detail)")
    return ClaimedOperation(
      id: id, readyPriority: priority,
      stored: StoredOperation(
        operation: SyncOperation(id: id, kind: "", priority: priority, enqueuedAt: id.timestamp),
        hasOwnIdempotencyKey: false, single: single),
      progress: nil, unreadable: failure,
      orderingKey: orderingKey.map { OrderingKey(stored: $0) })
  }
}

extension SyncQueue {
  /// Whether there is anything that could be delivered now.
  func hasReady() async throws -> Bool {
    if engine.state.withLock({ $0.windows.contains { $0.count > 0 } }) { return true }
    for priority in OperationPriority.allCases {
      if try await firstReady(priority) != nil { return true }
    }
    return false
  }

  /// Which operation has been ready with this priority longest, as the store has it.
  func firstReady(_ priority: OperationPriority) async throws -> OperationID? {
    var first: OperationID?
    for range in QueueLayout.readyRanges(priority) {
      let entry = try await store.scan(range, limit: 1).first
      first = [first, entry.flatMap { QueueLayout.trailingID($0.key) }].compactMap { $0 }.min()
    }
    return first
  }
}
