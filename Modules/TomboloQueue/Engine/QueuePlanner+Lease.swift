import TomboloPorts
import TomboloStorage

/// Leases, on a store that several processes share. What one process delivers is out of the ready index for all of them, until
/// it is settled, given back, or its lease has ended.
extension QueuePlanner {
  /// Whether it is being delivered, by this process or another.
  mutating func isUnderWay(_ id: OperationID) throws -> Bool {
    if inFlight[id] != nil { return true }
    return try isShared && view.get(QueueLayout.lease(id)) != nil
  }

  mutating func lease(_ operations: [ClaimedOperation], until: Timestamp) throws -> QueueAnswer {
    for claimed in operations {
      view.expect(QueueLayout.ready(claimed.readyPriority, claimed.id))
      if claimed.stored.single != nil { view.expect(QueueLayout.single(claimed.id)) }
    }
    guard view.isComplete else { throw PlanView.Unread() }
    var tokens: [OperationID: UInt64] = [:]
    for claimed in operations {
      try part(claimed.stored)
      // What is no longer there was taken by another.
      guard try view.get(QueueLayout.ready(claimed.readyPriority, claimed.id)) != nil else { continue }
      counts.leases += 1
      try move(claimed, from: .ready(claimed.readyPriority), to: .leased(until: until))
      view.put(QueueLayout.lease(claimed.id), LeaseRecord(token: counts.leases, until: until).encoded())
      tokens[claimed.id] = counts.leases
    }
    return .leased(tokens)
  }

  mutating func renew(_ operations: [ClaimedOperation], until: Timestamp) throws -> QueueAnswer {
    for claimed in operations { view.expect(QueueLayout.lease(claimed.id)) }
    guard view.isComplete else { throw PlanView.Unread() }
    var lost: [OperationID] = []
    for claimed in operations {
      guard let token = claimed.token, let lease = try ownLease(of: claimed) else {
        lost.append(claimed.id)
        continue
      }
      try move(claimed, from: .leased(until: lease.until), to: .leased(until: until))
      view.put(QueueLayout.lease(claimed.id), LeaseRecord(token: token, until: until).encoded())
    }
    return .lost(lost)
  }

  mutating func giveBack(_ claimed: ClaimedOperation) throws {
    effects.append(.finished(claimed.id))
    guard let lease = try ownLease(of: claimed) else { return }
    view.delete(QueueLayout.lease(claimed.id))
    try move(claimed, from: .leased(until: lease.until), to: .ready(try urgency(of: claimed.operation)))
  }

  /// Where a claimed operation is, and that it may be settled: on a shared store only with the token it was leased with. Ends
  /// the lease.
  mutating func endLease(of claimed: ClaimedOperation) throws -> HeadPlace {
    guard claimed.token != nil else { return .ready(claimed.readyPriority) }
    guard let lease = try ownLease(of: claimed) else {
      throw QueueError(
        .leaseLost,
        "the lease of operation \(claimed.id) ended before its delivery did, and another process may deliver it: what this "
          + "delivery came to is not stored; if handlers take that long, raise leaseDuration")
    }
    view.delete(QueueLayout.lease(claimed.id))
    return .leased(until: lease.until)
  }

  /// The lease with which an operation was claimed, if it still is that.
  mutating func ownLease(of claimed: ClaimedOperation) throws -> LeaseRecord? {
    guard let token = claimed.token, let value = try view.get(QueueLayout.lease(claimed.id)) else { return nil }
    let lease = try LeaseRecord(value)
    return lease.token == token ? lease : nil
  }

  private mutating func move(_ claimed: ClaimedOperation, from old: HeadPlace, to new: HeadPlace) throws {
    // One that was lifted stays that when its lease ends.
    let priority = claimed.orderingKey == nil ? claimed.readyPriority : claimed.operation.priority
    let wait = WaitRecord(priority: priority, orderingKey: claimed.orderingKey, isRetrying: false)
    try moveHead(claimed.id, claimed.orderingKey, from: old, to: new, wait)
  }
}
