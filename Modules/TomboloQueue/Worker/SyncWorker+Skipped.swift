import Synchronization
import TomboloPorts
import TomboloStorage

/// Why a pass left operations alone.
extension SyncWorker {
  private typealias Skipped = ProcessingSummary.Skipped

  /// What is kept as a number is taken as it is; what is pending is told apart by a bounded look at where it stands.
  func skipped() async throws -> ProcessingSummary.Skipped {
    let status = try await queue.status()
    var skipped = Skipped()
    skipped.retrying = status.retrying
    skipped.blocked = status.blocked
    skipped.held = status.parked + status.deadLettered

    let look = try await queue.lookAtPending(isReadyHeldUp: isClosed)
    var rest = status.pending
    for (reason, count) in look.counts {
      let part = min(count, rest)
      skipped.add(part, reason)
      rest -= part
    }
    // All others were seen to their end, so that is where these are.
    skipped.add(rest, look.reasonsWithMore.count == 1 ? look.reasonsWithMore.first ?? .notStarted : .notStarted)
    return skipped
  }

  /// Whether nothing at all is started now.
  private var isClosed: Bool {
    let (now, wall, status) = (time.uptime, time.now, network?.status)
    return state.withLock {
      $0.gate.obstacle(upstream: handler.upstream, at: now, wall: wall, status: status) != nil
    }
  }
}

/// Why a pending operation was left alone.
enum SkippedReason: Hashable, Sendable {
  case unreachable, scheduled, snoozed, paused, inactive, limited, notStarted
}

extension ProcessingSummary.Skipped {
  fileprivate mutating func add(_ count: Int, _ reason: SkippedReason) {
    switch reason {
    case .unreachable: unreachable += count
    case .scheduled: scheduled += count
    case .snoozed: snoozed += count
    case .paused: paused += count
    case .inactive: inactive += count
    case .limited: limited += count
    case .notStarted: notStarted += count
    }
  }
}

/// How many pending operations were seen where.
private struct PendingLook {
  /// How many entries are looked at in one place, and in how many places of what stands aside.
  static let countMaximum = 1_000
  static let scopeCountMaximum = 64

  var counts: [(reason: SkippedReason, count: Int)] = []
  var reasonsWithMore: Set<SkippedReason> = []
}

extension SyncQueue {
  /// - Parameter isReadyHeldUp: that what is ready was not started because nothing could be.
  fileprivate func lookAtPending(isReadyHeldUp: Bool) async throws -> PendingLook {
    var look = PendingLook()
    func see(
      _ range: KeyRange, _ reason: SkippedReason, where counts: (Record) -> Bool = { _ in true }
    ) async throws {
      let records = try await store.scan(range, limit: PendingLook.countMaximum)
      look.counts.append((reason, records.count(where: counts)))
      if records.count == PendingLook.countMaximum { look.reasonsWithMore.insert(reason) }
    }
    let now = time.now
    func isLater(_ key: Key) -> Bool { QueueLayout.leadingTime(key).map { $0 > now } ?? false }

    try await see(QueueLayout.scheduled, .scheduled) { isLater($0.key) }
    try await see(QueueLayout.retrying, .snoozed) { isLater($0.key) && !isRetrying($0.value) }
    let scopes = engine.state.withLock { state in
      state.asideScopes.sorted { $0.stored < $1.stored }.map { ($0, state.isInForce($0)) }
    }
    for (scope, isInForce) in scopes.prefix(PendingLook.scopeCountMaximum) {
      switch scope {
      case .limit: try await see(QueueLayout.asideRange(scope), .limited)
      case .namespace where isInForce: try await see(QueueLayout.asideRange(scope), .inactive)
      case .kind where isInForce, .orderingKey where isInForce: try await see(QueueLayout.asideRange(scope), .paused)
      case .namespace, .kind, .orderingKey: try await see(QueueLayout.asideRange(scope), .notStarted)
      }
    }
    if scopes.count > PendingLook.scopeCountMaximum { look.reasonsWithMore.insert(.notStarted) }
    let reason: SkippedReason = engine.isPaused ? .paused : isReadyHeldUp ? .unreachable : .notStarted
    for range in OperationPriority.allCases.flatMap(QueueLayout.readyRanges) { try await see(range, reason) }
    return look
  }

  private func isRetrying(_ value: [UInt8]) -> Bool {
    do {
      return try WaitRecord(value).isRetrying
    } catch {
      // Told when its time comes; here it counts as one that was not started.
      return true
    }
  }
}
