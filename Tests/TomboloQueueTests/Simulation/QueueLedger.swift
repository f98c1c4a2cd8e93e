import Synchronization
import TomboloPorts
import TomboloResilience
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
    var asked: [OperationID: (attempt: Int, until: Duration, token: UInt64?)] = [:]
    /// Calls of a handler, in all and for each operation.
    var beginCount = 0
    var beginCounts: [OperationID: Int] = [:]
    /// What the retry budget of this life has to answer for.
    var retries = RetryTally()
    /// The greatest stamp of the clock for versions that a program was told of.
    var newestStamp: HybridTimestamp?
    /// Since when, by the monotonic clock, nothing of this may be delivered.
    var paused: [Pause.Scope: Duration] = [:]
    var inactive: [String: Duration] = [:]
    var latestWall = Timestamp(millisecondsSinceEpoch: 0)
    var leases = LeaseTally()
    /// Made room for more urgent ones, as the limit policy says.
    var dropped: Set<OperationID> = []
    /// As they were stored last.
    var counts = QueueCounts()
    /// Entries of the backoff index that end later than any backoff may, and since when a clock that has not jumped says so.
    var beyond: [Key: Duration] = [:]
    var clockOffset: Duration?
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
  func beginCount(of id: OperationID) -> Int { state.withLock { $0.beginCounts[id] ?? 0 } }
  /// How often leases were renewed, and how often one process took over from another.
  var leaseCounts: (renewals: Int, takeovers: Int) {
    state.withLock { ($0.leases.renewalCount, $0.leases.takeoverCount) }
  }

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
    let now = world.time.now
    state.withLock { state in
      if let holder = HolderStore.holder {
        let stored = state.stored
        state.problems += state.leases.applied(batch, by: holder, at: now, trace: world.trace) {
          stored[$0]?.expiresAt != nil
        }
      }
      noteDropped(batch, &state)
      for mutation in batch.mutations {
        guard QueueLayout.isOfOperation(mutation.key), let id = QueueLayout.trailingID(mutation.key),
          !(mutation.isDelete && batch.parts(id))
        else { continue }
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
          if let before = state.stored[id], before.idempotencyKey != operation.idempotencyKey {
            state.problems.append("\(id) has another idempotency key than before")
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

  /// Where the limit policy lets the more urgent take the place of others, there was no room, and both happens in one batch, those may
  /// have been dropped. The word of it is lost when the process ends.
  private func noteDropped(_ batch: Batch, _ state: inout State) {
    let before = state.counts
    for case .put(QueueLayout.counts, let value) in batch.mutations {
      if let counts = try? QueueCounts(value) { state.counts = counts }
    }
    guard plan.configuration.limitPolicy == .dropLowest else { return }
    var new: [SyncOperation] = []
    for case .put(let key, let value) in batch.mutations where QueueLayout.isOfOperation(key) {
      guard let id = QueueLayout.trailingID(key), state.stored[id] == nil,
        let operation = try? OperationRecord.decode(value, id: id).operation
      else { continue }
      new.append(operation)
    }
    let byteCount = new.reduce(before.byteCount) { $0 + $1.keptByteCount }
    let isFull =
      before.stored + new.count > plan.configuration.operationsMaximum || byteCount > plan.configuration.bytesMaximum
    guard isFull, let most = new.map(\.priority).min() else { return }
    for case .delete(let key) in batch.mutations where QueueLayout.isOfOperation(key) {
      guard let id = QueueLayout.trailingID(key), !batch.parts(id), let operation = state.stored[id],
        most < operation.priority
      else { continue }
      state.dropped.insert(id)
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
  func begins(lifeWith namespaces: Set<String>) {
    activates(namespaces)
    state.withLock { state in
      state.retries = RetryTally(at: world.time.uptime)
      state.beyond = [:]
      state.leases.begins()
    }
  }

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
    let grace = Self.pauseGrace + (plan.stall?.upperBound ?? .zero)
    if let first = since.min(), world.time.uptime - first > grace {
      note("\(operation.id) is delivered though it is paused, or its namespace not active, since \(first)")
    }
  }

  // MARK: - Stamps

  var newestStamp: HybridTimestamp? { state.withLock { $0.newestStamp } }

  /// - Parameter earlier: the greatest stamp that was told of before this operation was handed in.
  func checkStamp(_ receipt: EnqueueReceipt, after earlier: HybridTimestamp?) {
    guard receipt.disposition != .repeated, receipt.disposition != .kept,
      let stamp = state.withLock({ $0.stored[receipt.id] })?.written
    else { return }
    if let earlier, stamp <= earlier {
      note("\(receipt.id) is stamped \(stamp), and \(earlier) was told before it was written")
    }
    state.withLock { $0.newestStamp = max(stamp, $0.newestStamp ?? stamp) }
  }

  // MARK: - Around a delivery

  private func checkBudget(_ id: OperationID, _ attempt: DeliveryAttempt) {
    // Another process has a budget of its own, and a wall clock that jumps lets a retry go before its time.
    guard !plan.isShared, plan.faults.wallClockJumpChance == 0, let budget = plan.configuration.recovery.retryBudget
    else { return }
    let prompt = plan.configuration.backoff.delayMaximum / 2 - .seconds(1)
    let now = world.time.uptime
    let (count, allowed) = state.withLock { state in
      state.retries.begins(id, attempt: attempt.number, at: now, prompt: prompt)
      return (state.retries.promptCount, state.retries.allowed(by: budget, at: now))
    }
    if Double(count) > allowed { note("\(count) retries were made within \(prompt), and the budget gave \(allowed)") }
  }

  /// Both clocks are read at slightly different moments, and due times are kept in milliseconds.
  private static let askedSlack = Duration.milliseconds(10)

  /// How long a promotion may be in coming: a worker rests after its store failed, and reads are slow.
  private static let promotionGrace = Duration.seconds(140)

  /// Whether anything waits, by a clock that has stood or gone on as it should, for longer than the longest backoff: a promotion looks
  /// for such waits whenever one ends, which takes no longer than that.
  func checkWaits() {
    let (now, uptime) = (world.time.now, world.time.uptime)
    let offset = Timestamp(millisecondsSinceEpoch: 0).duration(to: now) - uptime
    var beyond = KeyEncoder(tag: QueueLayout.retrying.lower.bytes[0], QueueLayout.retrying.lower.bytes[1])
    beyond.append(now.advanced(by: plan.configuration.waitMaximum + .seconds(2)))
    let entries = world.disk.records(in: KeyRange(from: beyond.key, to: QueueLayout.retrying.upper)).map(\.key)
    let limit = plan.configuration.waitMaximum + Self.promotionGrace
    let stranded = state.withLock { state -> Key? in
      let hasJumped = state.clockOffset.map { abs(($0 - offset) / .seconds(1)) > 0.5 } ?? true
      state.clockOffset = offset
      let before = hasJumped ? [:] : state.beyond
      state.beyond = Dictionary(uniqueKeysWithValues: entries.map { ($0, before[$0] ?? uptime) })
      return state.beyond.first { uptime - $0.value > limit }?.key
    }
    guard let stranded, let id = QueueLayout.trailingID(stranded) else { return }
    note("\(id) has waited for \(limit), and would wait for longer still than any backoff may take")
  }

  /// Whether what is delivered is what is stored, with the number that is its turn. A process that has lost its lease knows what was.
  private func checkContents(_ operation: SyncOperation, _ attempt: DeliveryAttempt) {
    let id = operation.id
    if let stored = state.withLock({ $0.stored[id] }) {
      if stored.idempotencyKey != operation.idempotencyKey {
        note(
          "\(id) is delivered with the key \(operation.idempotencyKey), and was stored with \(stored.idempotencyKey)")
      }
      if stored.payload != operation.payload { note("\(id) is delivered with another payload than is stored") }
    }
    guard let record = world.disk.record(QueueLayout.progress(id)), let progress = try? ProgressRecord(record.value)
    else { return }
    if attempt.number < progress.attemptCount + 1 {
      note("\(id) is at attempt \(attempt.number), and \(progress.attemptCount) were noted")
    }
  }

  func begins(_ operation: SyncOperation, _ attempt: DeliveryAttempt) {
    let id = operation.id
    let now = world.time.now
    checkWaits()
    // Its lease ended before its handler was called, by a stall or a clock that jumped: others may have had it since, and what this
    // delivery comes to is refused.
    let hasLost = plan.losesLeases && state.withLock { $0.leases.hasLost(id, token: attempt.fencingToken) }
    if !hasLost { checkContents(operation, attempt) }
    let asked =
      state.withLock { state in
        state.beginCount += 1
        state.beginCounts[id, default: 0] += 1
        guard !hasLost, let asked = state.asked.removeValue(forKey: id) else { return nil }
        return state.leases.hasSettled(token: asked.token) ? asked : nil
      } as (attempt: Int, until: Duration, token: UInt64?)?
    // Where the number is the same, what the upstream answered was not stored: the process crashed.
    if plan.faults.wallClockJumpChance == 0, let asked, attempt.number > asked.attempt,
      asked.until > world.time.uptime + Self.askedSlack
    {
      note("\(id) is tried at \(world.time.uptime), and the upstream asked to be spared it until \(asked.until)")
    }
    checkBudget(id, attempt)
    let (older, burnt, latestWall) = state.withLock { state in
      state.latestWall = max(state.latestWall, now)
      let line = OrderingKey(of: operation).flatMap { state.lines[$0] } ?? []
      return (line.filter { $0 < id && !state.redriven.contains($0) }.sorted(), state.burnt[id] ?? 0, state.latestWall)
    }
    if !world.disk.hasOperation(id), !hasLost { note("\(id) is delivered after it was settled") }
    checkPauses(operation)
    for other in operation.after where world.disk.hasOperation(other) {
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
    _ operation: SyncOperation, _ attempt: DeliveryAttempt, _ outcome: Result<DeliveryOutcome, any Error>
  ) {
    let (id, number) = (operation.id, attempt.number)
    let mayBeOnline =
      world.network.status.isOnline || world.time.uptime - world.network.changedAt < .seconds(1)
    state.withLock { state in
      if Task.isCancelled { state.burnt[id, default: 0] += 1 }
      state.retries.ended(id, attempt: number, outcome, at: world.time.uptime)
      if case .success(.retry(let after?, _)) = outcome, !Task.isCancelled {
        state.asked[id] = (
          number, world.time.uptime + min(after, plan.configuration.retryAfterMaximum), attempt.fencingToken
        )
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
    let records = world.disk.records(in: QueueLayout.operations) + world.disk.records(in: QueueLayout.single)
    let byteCount = records.reduce(0) { sum, record in
      guard let id = QueueLayout.trailingID(record.key), let stored = try? OperationRecord.decode(record.value, id: id)
      else { return sum }
      return sum + stored.operation.keptByteCount
    }
    // No payload grows here once it is stored.
    if byteCount > plan.configuration.bytesMaximum {
      note("\(when): \(byteCount) bytes are stored, and \(plan.configuration.bytesMaximum) are allowed")
    }
    if counts.delivered > delivered { note("\(when): \(counts.delivered) count as delivered, \(delivered) were") }
  }

  /// Whether the history tells of each operation that is gone how that came, when it is kept throughout.
  private func checkHistory() {
    guard plan.configuration.historyRetention == QueuePlan.keptThroughout else { return }
    let (stored, delivered, conflicted, discarded, passing) = state.withLock {
      ($0.stored, $0.answeredDelivered, $0.conflicted, $0.discarded.union($0.dropped), $0.passing)
    }
    for (id, operation) in stored.sorted(by: { $0.key < $1.key })
    where !world.disk.hasOperation(id) {
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
        case .superseded: history.supersededBy.map { $0 > id && (stored[$0] != nil || passing.contains($0)) } ?? false
        default: false
        }
      if !isPlausible { note("the history has \(id) as \(history.end)") }
    }
  }

  /// Whether a newer one of its kind and ordering key came, whose place it may have had to give.
  private func hasSuccessor(_ operation: SyncOperation, among others: some Collection<SyncOperation>) -> Bool {
    guard let key = OrderingKey(of: operation) else { return false }
    return others.contains { $0.id > operation.id && $0.kind == operation.kind && OrderingKey(of: $0) == key }
  }

  /// Whether everything that was ever stored is settled, held for a person, or behind one that is.
  func settleUp() {
    checkHistory()
    let (stored, delivered, conflicted, discarded, passing) = state.withLock {
      ($0.stored, $0.answeredDelivered, $0.conflicted, $0.discarded.union($0.dropped), $0.passing)
    }
    // Those that wait for a person, or for one that does.
    var stuck: Set<OperationID> = []
    for (id, operation) in stored.sorted(by: { $0.key < $1.key }) {
      if world.disk.hasOperation(id) {
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
      if plan.configuration.limitPolicy == .coalesce, hasSuccessor(operation, among: stored.values) { continue }
      if !isSuperseded { note("\(id) is gone and was never delivered: lost") }
    }
    for id in state.withLock({ $0.acknowledged }).subtracting(passing).sorted() where stored[id] == nil {
      note("\(id) was acknowledged and is lost")
    }
  }
}

extension QueueLedger: QueueListener {
  /// Hears of what the disk does not show.
  func receive(_ event: QueueEvent) {
    let isDrop: Bool
    switch event.change {
    case .superseded: isDrop = false
    case .discarded(let reason) where reason.hasPrefix("the queue was full"):
      isDrop = true
      if plan.configuration.limitPolicy != .dropLowest {
        note("\(event.id) was dropped, which the policy does not allow")
      }
    default: return
    }
    state.withLock { state in
      if state.stored[event.id] == nil {
        state.passing.insert(event.id)
      } else if isDrop {
        state.dropped.insert(event.id)
      }
    }
  }
}
