import Synchronization
import TomboloPorts

extension SyncWorker {
  /// Makes ready what is due, and starts as many deliveries as the gate allows.
  func startDeliveries(_ group: inout DiscardingTaskGroup) async throws -> Int {
    if let wait = try await queue.promote() { alarm.set(after: wait) }
    let now = time.uptime
    try await bringBack()
    heedOutage()
    let allowance = state.withLock {
      $0.gate.allowance(upstream: handler.upstream, inFlight: $0.placeCount(of: $0.gate.concurrency), at: now)
    }
    if let wait = allowance.waitMaximum, try await queue.hasReady() { alarm.set(after: wait) }

    let claimed =
      allowance.isPilot && allowance.count > 0
      ? try await claimPilot()
      : try await queue.claim(allowance.count, criticalLimit: allowance.criticalCount, filter: filter())
    // Afterwards, because this claim may have been the first to set something of its kind aside.
    expectRoom()
    guard !claimed.isEmpty else { return 0 }
    // With one lock: after `stop`, and once the store has closed itself, what was just claimed does not begin any more; nor when the run is
    // cancelled, for that may be what a delivery has just been given back for.
    let isCancelled = Task.isCancelled
    let mayBegin = state.withLock { state in
      guard !isCancelled, !state.isStopping, state.closure == nil else { return false }
      state.inFlightCount += claimed.count
      state.watchdog.progressed(at: now)
      if allowance.isPilot {
        state.gate.pilotStarted(at: now)
        for pilot in claimed {
          // It was one before, and so were all others that were looked at.
          if state.pilots.contains(pilot.id) { state.pilots.removeAll() }
          state.pilots.insert(pilot.id)
        }
      }
      return true
    }
    guard mayBegin else {
      for operation in claimed { await giveBackUnbegun(operation) }
      if let closure = state.withLock({ $0.closure }) { throw closure }
      return 0
    }
    await begin(claimed, &group)
    return claimed.count
  }

  /// Tasks for what was claimed: two at first, each of which takes one after the other, because with handlers that answer at
  /// once that is all it needs. When these have had their turn, which the yield waits for, what they have not come to gets tasks of
  /// its own.
  private func begin(_ claimed: [ClaimedOperation], _ group: inout DiscardingTaskGroup) async {
    state.withLock { $0.appendUnbegun(claimed) }
    for _ in claimed.prefix(2) { group.addTask { await self.deliverUnbegun() } }
    if let lookahead = queue.engine.beginLookahead() {
      group.addTask { await self.queue.engine.lookAhead(lookahead) }
    }
    guard claimed.count > 2 else { return }
    await Task.yield()
    for _ in 0..<state.withLock({ $0.unbegun.count }) { group.addTask { await self.deliverUnbegun() } }
  }

  /// Delivers at least one of what is claimed, where there is any, and then more, until this task has been cancelled with a delivery.
  private func deliverUnbegun() async {
    await RunningTask.withCurrent { task in
      while let claimed = state.withLock({ $0.takeUnbegun() }) {
        await process(claimed, on: task)
        if Task.isCancelled { return }
      }
    }
  }

  /// The first operation that was not a pilot yet, so that one bad operation cannot be the only one tried. When all that
  /// are looked at were, it starts again with the first.
  private func claimPilot() async throws -> [ClaimedOperation] {
    let tried = state.withLock { $0.pilots }
    let candidates = try await queue.claim(
      min(tried.count + 1, Self.pilotCandidateCountMaximum), filter: filter(isPilot: true))
    let fresh = candidates.first { !tried.contains($0.id) }
    guard let pilot = fresh ?? candidates.first else { return [] }
    for candidate in candidates where candidate.id != pilot.id { await giveBackUnbegun(candidate) }
    return [pilot]
  }

  /// Of what was claimed and does not begin.
  private func giveBackUnbegun(_ claimed: ClaimedOperation) async {
    filter().withdraw(claimed)
    if claimed.token == nil {
      queue.engine.putBack(claimed.id)
    } else {
      await queue.giveBack(claimed, nil)
    }
  }

  /// Holds kinds and upstreams to their limits.
  func filter(isPilot: Bool = false) -> ClaimFilter {
    ClaimFilter(
      hasRoom: { [self] claimed, now in
        let upstream = handler.upstream(for: claimed.operation)
        let isUrgent = isPilot || claimed.readyPriority == .critical
        guard state.withLock({ $0.gate.reserve(upstream: upstream, isUrgent: isUrgent, at: now) }) else { return false }
        claimed.takePlace(at: upstream)
        return true
      },
      admit: { [self] claimed, now in
        state.withLock { state in
          guard !state.limiter.admit(claimed.operation.kind, at: now) else { return nil }
          state.leave(claimed)
          return .limit(kind: claimed.operation.kind)
        }
      },
      withdraw: { [self] claimed in
        state.withLock { state in
          state.limiter.ended(claimed.operation.kind)
          state.leave(claimed)
        }
      })
  }

  /// Makes ready what stood aside and may go on.
  private func bringBack() async throws {
    try await queue.bringBack(
      room: { kind in state.withLock { $0.limiter.takeRoom(kind, at: time.uptime) } },
      returned: { kind, count, room in state.withLock { $0.limiter.returned(kind, count, of: room) } })
  }

  /// Asks to be woken when time lets more of what stands aside go on.
  private func expectRoom() {
    let now = time.uptime
    for case .limit(let kind) in queue.engine.state.withLock({ $0.asideScopes }) {
      if let wait = state.withLock({ $0.limiter.wait(kind, at: now) }) { alarm.set(after: wait) }
    }
  }
}

extension SyncWorker.State {
  fileprivate mutating func appendUnbegun(_ claimed: [ClaimedOperation]) {
    if unbegun.isEmpty { unbegun = claimed[...] } else { unbegun += claimed }
  }

  fileprivate mutating func takeUnbegun() -> ClaimedOperation? {
    let first = unbegun.popFirst()
    // Nothing is held that is being delivered elsewhere.
    if unbegun.isEmpty { unbegun = [] }
    return first
  }
}
