import Synchronization
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

/// What a simulation knows of every operation beside the queue, through all its lives, and where the queue broke a promise.
final class QueueLedger: Sendable {
  private struct State {
    var problems: [String] = []
    /// What led to the first of them.
    var firstTrace: [String]?
    var acknowledged: Set<OperationID> = []
    /// Took their place and were superseded in one and the same commit, so that the disk never had them.
    var passing: Set<OperationID> = []
    /// Everything that was ever on the disk.
    var stored: [OperationID: SyncOperation] = [:]
    /// For each ordering key, its operations that are not gone.
    var lines: [OrderingKey: Set<OperationID>] = [:]
    /// How many attempts may have been burnt.
    var burnt: [OperationID: Int] = [:]
    var answeredDelivered: Set<OperationID> = []
    var conflicted: Set<OperationID> = []
    var discarded: Set<OperationID> = []
    var redriven: Set<OperationID> = []
    /// After which attempt, and until when by the monotonic clock, the upstream asked to be spared this operation, within the limit
    /// for such wishes.
    var asked: [OperationID: (attempt: Int, until: Duration)] = [:]
    /// Calls of a handler.
    var beginCount = 0
    /// Since when, by the monotonic clock, nothing of this may be delivered.
    var paused: [Pause.Scope: Duration] = [:]
    var inactive: [String: Duration] = [:]
    var latestWall = Timestamp(millisecondsSinceEpoch: 0)
  }

  private let state = Mutex(State())
  private let world: SimulatedWorld
  private let plan: QueuePlan

  init(world: SimulatedWorld, plan: QueuePlan) {
    self.world = world
    self.plan = plan
    world.disk.onApplied { [weak self] batch in self?.applied(batch) }
  }

  var problems: [String] { state.withLock { $0.problems } }
  var firstTrace: [String]? { state.withLock { $0.firstTrace } }
  var storedCount: Int { state.withLock { $0.stored.count } }
  var beginCount: Int { state.withLock { $0.beginCount } }

  func note(_ problem: String) {
    world.trace.note("PROBLEM \(problem)")
    let tail = world.trace.tail
    state.withLock { state in
      state.problems.append(problem)
      if state.firstTrace == nil { state.firstTrace = tail }
    }
  }

  /// Follows what is put on the disk and taken from it.
  private func applied(_ batch: Batch) {
    state.withLock { state in
      for mutation in batch.mutations {
        guard QueueLayout.operations.contains(mutation.key), let id = QueueLayout.trailingID(mutation.key) else {
          continue
        }
        switch mutation {
        case .put(_, let value):
          guard let operation = try? OperationRecord.decode(value, id: id).operation else {
            state.problems.append("\(id) was stored in a form that cannot be read")
            continue
          }
          if let key = OrderingKey(of: operation) {
            state.lines[key, default: []].insert(id)
          }
          if state.stored[id] == nil, plan.faults.wallClockJumpChance == 0,
            operation.idempotencyKey != id.description,
            let twin = state.stored.values.first(where: {
              $0.idempotencyKey == operation.idempotencyKey && $0.namespace == operation.namespace
            })
          {
            state.problems.append("\(id) and \(twin.id) have one idempotency key")
          }
          let companion = Mutation.put(Self.companionKey(operation.payload), operation.payload)
          if state.stored[id] == nil, !batch.mutations.contains(companion) {
            state.problems.append("\(id) was stored without the change beside it")
          }
          state.stored[id] = operation
        case .delete:
          if let key = state.stored[id].flatMap({ OrderingKey(of: $0) }) { state.lines[key]?.remove(id) }
        }
      }
    }
  }

  /// Everything that was ever stored, oldest first.
  var known: [OperationID] { state.withLock { $0.stored.keys.sorted() } }

  func willDiscard(_ id: OperationID) { state.withLock { _ = $0.discarded.insert(id) } }
  func willRetry(_ id: OperationID) {
    state.withLock { state in
      state.redriven.insert(id)
      state.asked[id] = nil
    }
  }

  /// Where a program keeps the change that goes with the operation of this payload.
  static func companionKey(_ payload: [UInt8]) -> Key { Key(Array("app/".utf8) + payload) }

  func acknowledge(_ receipt: EnqueueReceipt) {
    let isKnown = state.withLock { state in
      state.acknowledged.insert(receipt.id)
      return state.stored[receipt.id] != nil || state.passing.contains(receipt.id)
    }
    if !isKnown { note("\(receipt.id) was acknowledged and never stored") }
  }

  // MARK: - Pauses

  func paused(_ scope: Pause.Scope) { state.withLock { $0.paused[scope] = world.time.uptime } }
  func resumes(_ scope: Pause.Scope) { state.withLock { $0.paused[scope] = nil } }
  func begins(lifeWith namespaces: Set<String>) { activates(namespaces) }

  func activates(_ namespaces: Set<String>) {
    state.withLock { state in
      for name in ["n", "m"] {
        state.inactive[name] = namespaces.contains(name) ? nil : state.inactive[name] ?? world.time.uptime
      }
    }
  }

  /// What was taken just before a pause may still be delivered.
  private static let pauseGrace = Duration.seconds(30)

  private func checkPauses(_ operation: SyncOperation) {
    let (paused, inactive) = state.withLock { ($0.paused, $0.inactive) }
    var since = [paused[.queue], paused[.kind(operation.kind)]].compactMap { $0 }
    if let key = operation.orderingKey, let pause = paused[.orderingKey(key, namespace: operation.namespace)] {
      since.append(pause)
    }
    if let namespace = operation.namespace, let pause = inactive[namespace] { since.append(pause) }
    if let first = since.min(), world.time.uptime - first > Self.pauseGrace {
      note("\(operation.id) is delivered though it is paused, or its namespace not active, since \(first)")
    }
  }

  // MARK: - Around a delivery

  /// Both clocks are read at slightly different moments, and due times are kept in milliseconds.
  private static let askedSlack = Duration.milliseconds(10)

  func begins(_ operation: SyncOperation, _ attempt: DeliveryAttempt) {
    let id = operation.id
    let now = world.time.now
    let asked = state.withLock { state in
      state.beginCount += 1
      return state.asked.removeValue(forKey: id)
    }
    // Where the number is the same, what the upstream answered was not stored: the process crashed, or the lease was lost.
    if plan.faults.wallClockJumpChance == 0, let asked, attempt.number > asked.attempt,
      asked.until > world.time.uptime + Self.askedSlack
    {
      note("\(id) is tried at \(world.time.uptime), and the upstream asked to be spared it until \(asked.until)")
    }
    let (older, burnt, latestWall) = state.withLock { state in
      state.latestWall = max(state.latestWall, now)
      let line = OrderingKey(of: operation).flatMap { state.lines[$0] } ?? []
      return (line.filter { $0 < id && !state.redriven.contains($0) }.sorted(), state.burnt[id] ?? 0, state.latestWall)
    }
    if world.disk.record(QueueLayout.operation(id)) == nil { note("\(id) is delivered after it was settled") }
    checkPauses(operation)
    for other in operation.after where world.disk.record(QueueLayout.operation(other)) != nil {
      note("\(id) is delivered before \(other), which it waits for")
    }
    for other in older where plan.configuration.onPermanentFailure == .block || !isHeld(other) {
      note("\(id) overtakes \(other) of its ordering key")
    }
    if attempt.number > burnt + 1 {
      note("\(id) is at attempt \(attempt.number), and at most \(burnt) were burnt")
    }
    if let expiresAt = operation.expiresAt, expiresAt <= now { note("\(id) is delivered after it expired") }
    if plan.faults.wallClockJumpChance == 0, let notBefore = operation.notBefore, notBefore > latestWall {
      note("\(id) is delivered before its time")
    }
  }

  func ends(
    _ operation: SyncOperation, attempt number: Int, _ outcome: Result<DeliveryOutcome, any Error>
  ) {
    let id = operation.id
    let mayBeOnline =
      world.network.status.isOnline || world.time.uptime - world.network.changedAt < .seconds(1)
    state.withLock { state in
      if Task.isCancelled { state.burnt[id, default: 0] += 1 }
      if case .success(.retry(let after?, _)) = outcome, !Task.isCancelled {
        state.asked[id] = (number, world.time.uptime + min(after, plan.configuration.retryAfterMaximum))
      }
      switch outcome {
      case .success(.delivered): state.answeredDelivered.insert(id)
      case .success(.retry(_, let failure)) where failure.code == .unreachable:
        if mayBeOnline { state.burnt[id, default: 0] += 1 }
      case .success(.conflict):
        state.conflicted.insert(id)
        state.burnt[id, default: 0] += 1
      case .success(.snooze), .success(.suspend): break
      case .success(.retry), .success(.park), .success(.reject), .failure: state.burnt[id, default: 0] += 1
      }
    }
  }

  func isHeld(_ id: OperationID) -> Bool {
    guard let record = world.disk.record(QueueLayout.progress(id)) else { return false }
    return (try? ProgressRecord(record.value))?.held != nil
  }

  // MARK: - Between lives and in the end

  /// Whether what is on the disk keeps its own rules, and the counts are right.
  func audit(_ when: String) async throws {
    for problem in try await QueueAudit.problems(in: world.disk.inspection) { note("\(when): \(problem)") }
    guard let record = world.disk.record(QueueLayout.counts) else { return }
    let counts = try QueueCounts(record.value)
    let sum = counts.stored + counts.delivered + counts.discarded + counts.expired + counts.superseded
    let (stored, delivered) = state.withLock { ($0.stored.count + $0.passing.count, $0.answeredDelivered.count) }
    if sum != stored { note("\(when): \(stored) were stored, and the counts know of \(sum): \(counts)") }
    if counts.stored > plan.configuration.operationsMaximum {
      note("\(when): \(counts.stored) are stored, and \(plan.configuration.operationsMaximum) are allowed")
    }
    if counts.delivered > delivered { note("\(when): \(counts.delivered) count as delivered, \(delivered) were") }
  }

  /// Whether the history tells of each operation that is gone how that came, when it is kept throughout.
  private func checkHistory() {
    guard plan.configuration.historyRetention == QueuePlan.keptThroughout else { return }
    let (stored, delivered, conflicted, discarded) = state.withLock {
      ($0.stored, $0.answeredDelivered, $0.conflicted, $0.discarded)
    }
    for (id, operation) in stored where world.disk.record(QueueLayout.operation(id)) == nil {
      guard let record = world.disk.record(QueueLayout.history(id)), let history = try? HistoryRecord(record.value)
      else {
        note("\(id) is gone and has no history")
        continue
      }
      let isPlausible =
        switch history.end {
        case .delivered: delivered.contains(id)
        case .discarded: discarded.contains(id) || conflicted.contains(id)
        case .expired: operation.expiresAt != nil
        case .superseded: history.supersededBy.map { $0 > id && stored[$0] != nil } ?? false
        default: false
        }
      if !isPlausible { note("the history has \(id) as \(history.end)") }
    }
  }

  /// Whether everything that was ever stored is settled, held for a person, or behind one that is.
  func settleUp() {
    checkHistory()
    let (stored, delivered, conflicted, discarded) = state.withLock {
      ($0.stored, $0.answeredDelivered, $0.conflicted, $0.discarded)
    }
    // Those that wait for a person, or for one that does.
    var stuck: Set<OperationID> = []
    for (id, operation) in stored.sorted(by: { $0.key < $1.key }) {
      if world.disk.record(QueueLayout.operation(id)) != nil {
        let key = OrderingKey(of: operation)
        let isBehindStuck = stuck.contains { other in
          operation.after.contains(other)
            || key != nil && stored[other].flatMap { OrderingKey(of: $0) } == key
              && (plan.configuration.onPermanentFailure == .block || !isHeld(other))
        }
        let isHeldItself = isHeld(id)
        if isHeldItself || isBehindStuck { stuck.insert(id) }
        if !isHeldItself, !isBehindStuck { note("\(id) is neither settled nor held in the end") }
        continue
      }
      if delivered.contains(id) || conflicted.contains(id) || discarded.contains(id) { continue }
      if let expiresAt = operation.expiresAt, expiresAt <= world.time.now || plan.faults.wallClockJumpChance > 0 {
        continue
      }
      let isSuperseded =
        operation.coalescingKey != nil
        && stored.values.contains {
          $0.id > id && $0.coalescingKey == operation.coalescingKey && $0.namespace == operation.namespace
        }
      if !isSuperseded { note("\(id) is gone and was never delivered: lost") }
    }
    for id in state.withLock({ $0.acknowledged.subtracting($0.passing) }) where stored[id] == nil {
      note("\(id) was acknowledged and is lost")
    }
  }
}

extension QueueLedger: QueueListener {
  /// Hears of what the disk does not show.
  func receive(_ event: QueueEvent) {
    guard case .superseded = event.change else { return }
    state.withLock { state in
      if state.stored[event.id] == nil { state.passing.insert(event.id) }
    }
  }
}
