import Logging
import Synchronization
import TomboloPorts
import TomboloStorage

/// Runs requests against the store, one group at a time: reads what the plan needs, plans, commits once, and then brings
/// memory up to date. `Gatherer` sees to it that one group at a time is processed.
///
/// In memory are only things that can be read again: the counts, the front of the ready index, some lines; and the set of
/// operations being delivered, which ends with the process. After a commit that failed all but the last is forgotten.
final class QueueEngine: Sendable {
  struct State {
    var counts: QueueCounts?
    /// The revision of the counts in the store. On a shared store every change of the queue puts them and requires this one,
    /// so that what one process decided on is what is there.
    var countsRevision: Revision?
    /// As in `StoredCounts`.
    var formerCountsRevision: Revision?
    /// That the store has closed itself, seen by a commit; it does not open again.
    var closure: StoreError?
    var windows: [ReadyWindow]
    var inFlight: [OperationID: InFlightEntry] = [:]
    /// What the group whose commit is under way does to what memory knows.
    var planned: [PlanEffect] = []
    /// The reading ahead that is under way.
    var lookahead: Lookahead?
    /// How many there ever were.
    var lookaheadCount = 0
    var dueTimes = DueTimes()
    /// Records of lines as they were last committed, at most `lineCountMaximum`.
    var lines: [Key: [UInt8]?] = [:]
    var lineCountMaximum = QueueEngine.lineCountMaximum
    /// How often the front of each priority was passed over by a more urgent one since it last had its turn.
    var passedOver = [Int](repeating: 0, count: OperationPriority.allCases.count)
    /// The reasons for which there may be something set aside.
    var asideScopes: Set<AsideScope> = []
    var pauses: [Pause.Scope: Pause] = [:]
    var activeNamespaces: Set<String>
    /// The greatest stamp of a clock for versions that is known to be in the store. Never forgotten.
    var newestStamp: HybridTimestamp?

    mutating func forget() {
      counts = nil
      countsRevision = nil
      formerCountsRevision = nil
      dueTimes = .unknown
      for index in windows.indices { windows[index].invalidate() }
      lookahead = nil
      planned = []
      lines.removeAll()
      // A commit that failed may have been stored, and have parted them.
      for id in inFlight.keys where inFlight[id]?.record != nil { inFlight[id]?.record = nil }
    }
  }

  /// Entries of the ready index kept in memory for each priority.
  static let windowCapacity = 1_024
  static let lineCountMaximum = 4_096
  /// Far more passes than any sound group needs: a bound against damage that leads in circles.
  static let passCountMaximum = 1_000

  let store: any KeyValueStore
  /// The one in force.
  private let liveConfiguration: Mutex<SharedConfiguration>
  /// Of the one in force, as in `SharedConfiguration.plainPayloadByteCountMaximum`; -1 for `nil`. To look at a number disturbs nobody, where
  /// whoever takes the configuration changes what all others look at.
  private let plainPayloadByteCountMaximum: Atomic<Int>
  var sharedConfiguration: SharedConfiguration { liveConfiguration.withLock { $0 } }
  var configuration: QueueConfiguration { sharedConfiguration.values }
  private let door: GroupCommit
  private let time: any TimeSource
  private let ids: any OperationIDSource
  private let tell: @Sendable ([QueueEvent]) -> Void
  let logger: Logger
  let state: Mutex<State>

  init(
    door: GroupCommit, configuration: QueueConfiguration, time: any TimeSource, ids: any OperationIDSource,
    logger: Logger, tell: @escaping @Sendable ([QueueEvent]) -> Void
  ) {
    self.door = door
    self.store = door.store
    isShared = door.store.capabilities.isShareable
    let shared = SharedConfiguration(configuration)
    liveConfiguration = Mutex(shared)
    plainPayloadByteCountMaximum = Atomic(shared.plainPayloadByteCountMaximum ?? -1)
    self.time = time
    self.ids = ids
    self.logger = logger
    self.tell = tell
    let window = ReadyWindow(capacity: Self.windowCapacity)
    state = Mutex(
      State(
        windows: Array(repeating: window, count: OperationPriority.allCases.count),
        activeNamespaces: configuration.activeNamespaces))
  }

  func reconfigure(_ configuration: QueueConfiguration) {
    let shared = SharedConfiguration(configuration)
    liveConfiguration.withLock { live in
      live = shared
      plainPayloadByteCountMaximum.store(shared.plainPayloadByteCountMaximum ?? -1, ordering: .relaxed)
    }
  }

  /// The longest payload, where nothing else of the configuration matters for an enqueue that asks for nothing.
  var knownPayloadByteCountMaximum: Int? {
    let maximum = plainPayloadByteCountMaximum.load(ordering: .relaxed)
    return maximum < 0 ? nil : maximum
  }

  // MARK: - Groups

  /// Whether other processes work on the same store.
  let isShared: Bool

  /// Plans and commits a group. What only tends the queue is not failed by a commit that others made necessary: it is done once more
  /// without them.
  ///
  /// Each request has its answer when this returns. When it throws, what they have counts for nothing.
  func process(_ group: [SubmittedRequest.Part]) async throws {
    guard group.traits.contains(.tends) else { return try await processWithRoom(group) }
    let tending = group.filter(\.request.isTending)
    guard tending.count < group.count else { return try await processWithRoom(group) }
    do {
      try await processWithRoom(group)
    } catch let error where !(error is CancellationError) {
      group.fail(error)
    }
    guard tending.contains(where: \.hasFailed) else { return }
    let before = tending.map(\.outcome)
    do {
      try await processTogether(tending)
    } catch is CancellationError {
      // They keep what they have: the group is answered, so a cancellation of whoever leads it must not be told to the others.
      for (submitted, outcome) in zip(tending, before) { submitted.outcome = outcome }
    } catch {
      tending.fail(error)
    }
  }

  /// Plans and commits a group at once; and when the store has no room for all of it, once more in parts: what makes room,
  /// then what notes a failure, then what keeps versions, then what adds. So a full disk refuses what adds, and nothing settled with it.
  private func processWithRoom(_ group: [SubmittedRequest.Part]) async throws {
    do {
      try await processTogether(group)
    } catch let error as StoreError where error.code == .full {
      let needs = Set(group.map(\.request.roomNeed)).sorted()
      guard needs.count > 1 else { return refuse(group, because: error) }
      for need in needs {
        let part = group.filter { $0.request.roomNeed == need }
        // Other parts may be applied already, so cancellation must not stop this one. It is awaited right here.
        await Task {
          do {
            try await processTogether(part)
          } catch {
            refuse(part, because: error)
          }
        }.value
      }
    }
  }

  /// Answers requests that the store refused. An operation released without room for the note of why goes back in
  /// line without it: it is stored as ready already, and it must not hold its place in the worker until there is room.
  private func refuse(_ group: [SubmittedRequest.Part], because error: any Error) {
    for submitted in group {
      if case .settle(let claimed, .release, _) = submitted.request, (error as? StoreError)?.code == .full {
        putBack(claimed.id)
        submitted.answer(.done)
      } else {
        submitted.fail(error)
      }
    }
  }

  /// The requests are answered as they are planned, and nobody looks at that before the group is through: to keep the answers apart until it
  /// is committed, and to hand them out then, would be two more lists, and time in which the disk does nothing.
  private func processTogether(_ group: [SubmittedRequest.Part]) async throws {
    let traits = group.traits
    var refused = traits.contains(.isSized) ? refusals(of: group) : [:]
    var reads = PlanView.Reads()
    // Known before anything is read: a change by another process since then is noticed, whoever learns of it meanwhile.
    // Kept here, because what is known may be forgotten at any moment.
    var basis: StoredCounts
    if let known = knownCounts { basis = known } else { basis = try await loadCounts() }
    if traits.contains(.refills) { try await refillWindows() }

    // Every pass gives the same operations the same identifiers, so that what one asked for serves the next.
    var identifiers = PlannedIdentifiers(source: ids, now: time.now, count: group.count)

    var passCount = 0
    while true {
      identifiers.rewind()
      let planner = plan(group, refused: refused, reads, identifiers, basis)
      identifiers = planner.identifiers
      guard planner.view.isComplete else {
        passCount += 1
        guard passCount <= Self.passCountMaximum else {
          throw QueueError(.damaged, "a group of requests asks for ever more records: \(planner.view.unread)")
        }
        try await load(planner.view, into: &reads)
        continue
      }
      var batch = planner.view.batch
      var committed: Revision?
      if !batch.isEmpty {
        batch.durability = traits.contains(.asksDurability) ? durability(of: group) : nil
        if isShared {
          batch.checks.insert(Check(key: QueueLayout.counts, expected: basis.revision), at: 0)
          // Until they are where they belong, an earlier version may still change them where they were.
          if basis.revision == nil {
            batch.checks.insert(Check(key: QueueLayout.formerCounts, expected: basis.formerRevision), at: 1)
          }
        }
        do {
          committed = try await door.commit(batch)
        } catch let error as StoreError where error.code == .conflict {
          state.withLock { $0.forget() }
          if isShared, error.key == QueueLayout.counts || error.key == QueueLayout.formerCounts {
            passCount += 1
            guard passCount <= Self.passCountMaximum else { throw error }
            // Another process was quicker: decide again on what is there now.
            reads = PlanView.Reads()
            basis = try await loadCounts()
            identifiers.restart(after: basis.counts.newestID)
            if traits.contains(.refills) { try await refillWindows() }
            continue
          }
          let culprits = group.indices.filter { group[$0].request.requires(error) && refused[$0] == nil }
          guard !culprits.isEmpty else { throw error }
          for index in culprits { refused[index] = error }
          reads = PlanView.Reads()
          basis = try await loadCounts()
          continue
        } catch {
          state.withLock { $0.forget() }
          await noteClosure(after: error)
          throw error
        }
      }
      apply(planner, committed: committed)
      if traits.contains(.movesDueTimes) { await refreshDueTimes() }
      return
    }
  }

  /// Notes that the store has closed itself, as it may where a disk failed or the outcome of a commit is unknown: the worker's run ends then,
  /// also when it has nothing to settle by which it would notice. It is asked with an empty commit, which changes nothing and which ours
  /// refuse once they are closed; a store that answers it is found out by the next commit.
  private func noteClosure(after error: any Error) async {
    guard var failure = error as? StoreError else { return }
    if failure.code == .outcomeUnknown || failure.code == .engine {
      do {
        _ = try await store.commit([])
        return
      } catch let next as StoreError {
        failure = next
      } catch {
        // Told to whoever commits next.
        return
      }
    }
    if failure.code == .closed { state.withLock { $0.closure = failure } }
  }

  /// What the commit of a group has to reach: the most that one of its requests needs, where those that do not ask need what the
  /// store is set to; `nil` when that is the answer.
  private func durability(of group: [SubmittedRequest.Part]) -> StoreDurability? {
    guard group.contains(where: { $0.request.durability != nil }) else { return nil }
    let own = store.capabilities.durability ?? .full
    return group.lazy.map { $0.request.durability ?? own }.max()
  }

  /// The requests that the store could never take: they would have the whole group refused.
  private func refusals(of group: [SubmittedRequest.Part]) -> [Int: any Error] {
    var refused: [Int: any Error] = [:]
    let capabilities = store.capabilities
    for (index, request) in group.lazy.map(\.request).enumerated() {
      if case .add(let operation, _) = request {
        if let error = refusal(of: operation, by: capabilities) { refused[index] = error }
        continue
      }
      guard case .enqueue(let operations, let companion, _) = request else {
        if let error = capabilities.refusal(of: request.companion, after: 0) { refused[index] = error }
        continue
      }
      if !companion.isEmpty, let error = capabilities.refusal(of: companion, after: 0) { refused[index] = error }
      for (place, operation) in operations.enumerated() where refused[index] == nil {
        refused[index] = refusal(of: operation, by: capabilities)?.ofElement(place, among: operations.count)
      }
    }
    return refused
  }

  private func refusal(of operation: PreparedOperation, by capabilities: StoreCapabilities) -> QueueError? {
    QueueError.refusal(
      ofRecord: operation.record.count, kind: operation.operation.kind,
      byteCountMaximum: capabilities.valueByteCountMaximum)
  }

  /// Plans a group on what was read. What leaves the ready index leaves the windows at once, so that no claim takes it
  /// while the commit is under way; what enters comes in when it is committed.
  private func plan(
    _ group: [SubmittedRequest.Part], refused: [Int: any Error], _ reads: PlanView.Reads,
    _ identifiers: PlannedIdentifiers,
    _ basis: StoredCounts
  ) -> QueuePlanner {
    let shared = sharedConfiguration
    let valueByteCountMaximum = store.capabilities.valueByteCountMaximum
    return state.withLock { state in
      var planner = QueuePlanner(
        shared, now: identifiers.now, inFlight: state.inFlight, isShared: isShared,
        valueByteCountMaximum: valueByteCountMaximum,
        identifiers: identifiers, view: PlanView(reads: reads, known: state.lines, writeCount: 2 * group.count + 1),
        counts: basis.counts, requestCount: group.count)
      // In place, as elsewhere on this way: a copy of a request counts references to it.
      for index in group.indices {
        if !refused.isEmpty, let error = refused[index] {
          group[index].fail(error)
        } else {
          do {
            group[index].answer(try planner.plan(group[index].request))
          } catch {
            group[index].fail(Self.explained(error))
          }
        }
      }
      planner.forgetKnown()
      guard planner.view.isComplete else { return planner }
      if let clock = shared.values.versionClock, !planner.view.batch.isEmpty { clock.note(in: &planner.counts) }
      if planner.counts != basis.counts || isShared && !planner.view.batch.isEmpty {
        planner.view.append(.put(QueueLayout.counts, planner.counts.encoded()))
        planner.hasPutCounts = true
        if basis.revision == nil { planner.view.append(.put(QueueLayout.formerCounts, QueueCounts.formerMark)) }
      }
      for case .unready(let priority, let id) in planner.effects { state.windows[Int(priority.rawValue)].remove(id) }
      state.planned = planner.effects
      state.lookahead?.note(planner.effects)
      return planner
    }
  }

  /// - Parameter committed: the revision of what was committed; `nil` when there was nothing to commit.
  private func apply(_ planner: QueuePlanner, committed: Revision?) {
    let lineTag = UInt8(ascii: "h")
    let lines = isShared ? [] : planner.view.writes { $0.bytes.count > 1 && $0.bytes[1] == lineTag }
    state.withLock { state in
      // Together, and only then: newer ones of another process may have been learnt meanwhile, and counts that do not belong to
      // their revision would pass for new.
      if let committed {
        state.counts = planner.counts
        if planner.hasPutCounts { state.countsRevision = committed }
      }
      if committed != nil { state.newestStamp = planner.counts.newestStamp ?? state.newestStamp }
      for case .finished(let id) in planner.effects { state.inFlight[id] = nil }
    }
    // Told before the windows have what is ready, so that no operation is told as started before it is as enqueued.
    if !planner.events.isEmpty { tell(planner.events) }
    state.withLock { state in
      state.planned = []
      for effect in planner.effects {
        switch effect {
        case .ready(let priority, let id):
          if state.inFlight[id] == nil { state.windows[Int(priority.rawValue)].insert(id) }
        case .readySingle(let id, let record): state.windows[Int(OperationPriority.normal.rawValue)].insert(id, record)
        case .unready(let priority, let id): state.windows[Int(priority.rawValue)].remove(id)
        case .moved(let id, let priority): state.inFlight[id]?.readyPriority = priority
        case .due(let due): state.dueTimes.earliest = min(due, state.dueTimes.earliest ?? due)
        case .retryDue(let due): state.dueTimes.earliestRetry = min(due, state.dueTimes.earliestRetry ?? due)
        case .pruneDue(let due): state.dueTimes.earliestPrune = min(due, state.dueTimes.earliestPrune ?? due)
        case .aside(let scope): state.asideScopes.insert(scope)
        case .asideEmpty(let scope): state.asideScopes.remove(scope)
        case .paused(let pause): state.pauses[pause.scope] = pause
        case .resumed(let scope): state.pauses[scope] = nil
        case .finished: break
        }
      }
      if !lines.isEmpty {
        if state.lines.count + lines.count > state.lineCountMaximum { state.lines.removeAll(keepingCapacity: true) }
        for line in lines.prefix(state.lineCountMaximum) { state.lines[line.key] = .some(line.value) }
      }
    }
  }

  /// Errors of planning as callers see them.
  private static func explained(_ error: any Error) -> any Error {
    guard let damage = error as? RecordError else { return error }
    return QueueError(.damaged, "what the queue has stored cannot be read: \(damage)")
  }

  // MARK: - Reading

  private var knownCounts: StoredCounts? {
    state.withLock { state in
      state.counts.map {
        StoredCounts(counts: $0, revision: state.countsRevision, formerRevision: state.formerCountsRevision)
      }
    }
  }

  /// The counts a plan begins with.
  @discardableResult
  private func loadCounts() async throws -> StoredCounts {
    if let known = knownCounts { return known }
    let basis = try await QueueCounts.stored(in: store)
    let counts = basis.counts
    // Another process that pauses something changes the counts, too. Read after them and before they count as known: where it fails,
    // or where something is paused meanwhile, that is noticed by the counts.
    if isShared { try await findPauses() }
    state.withLock { state in
      state.counts = counts
      (state.countsRevision, state.formerCountsRevision) = (basis.revision, basis.formerRevision)
      state.newestStamp = counts.newestStamp ?? state.newestStamp
    }
    // Of an earlier run with another wall clock, or of another process on this store.
    if let newest = counts.newestStamp { sharedConfiguration.values.versionClock?.advance(past: newest) }
    if let newest = counts.newestID { ids.advance(past: newest) }
    return basis
  }

  /// On a shared store: forgets what was known when another process has changed something since.
  func refresh() async throws {
    guard isShared else { return }
    let records = try await store.get([QueueLayout.counts, QueueLayout.formerCounts])
    let revisions = records.map { $0?.revision }
    // Once they are where they belong, what stands where they were says nothing.
    let known = knownCounts.map { [$0.revision, $0.revision == nil ? $0.formerRevision : revisions[1]] }
    guard known != revisions else { return }
    state.withLock { $0.forget() }
    try await loadCounts()
  }

  private func load(_ view: PlanView, into reads: inout PlanView.Reads) async throws {
    let keys = view.unreadKeys.sorted()
    if !keys.isEmpty {
      for (key, record) in zip(keys, try await store.get(keys)) { reads.records[key] = .some(record?.value) }
    }
    for (range, limit) in view.unreadScans.sorted(by: { $0.key.lower < $1.key.lower }) {
      reads.scans[range] = PlanView.Scan(limit: limit, records: try await store.scan(range, limit: limit))
    }
    for (range, limit) in view.unreadReverseScans.sorted(by: { $0.key.lower < $1.key.lower }) {
      let records = try await store.scan(range, reverse: true, limit: limit)
      reads.reverseScans[range] = PlanView.Scan(limit: limit, records: records)
    }
  }

  /// The group is committed, so what goes wrong from here on is nobody's failure: the next promotion looks again.
  private func refreshDueTimes() async {
    do {
      try await findDueTimes()
    } catch {
      logger.warning("the next due time could not be read; it is looked for again", metadata: ["error": "\(error)"])
    }
  }

  private func findDueTimes() async throws {
    let scheduled = try await store.scan(QueueLayout.scheduled, limit: 1).first
    let retrying = try await store.scan(QueueLayout.retrying, limit: 1).first
    let forgetting = try await store.scan(QueueLayout.forgetting, limit: 1).first
    let leased = isShared ? try await store.scan(QueueLayout.leased, limit: 1).first : nil
    let pruning = try await store.scan(QueueLayout.pruning, limit: 1).first
    let times = [scheduled, retrying, forgetting, leased].map { $0.flatMap { QueueLayout.leadingTime($0.key) } }
    let dueTimes = DueTimes(
      earliest: times.compactMap { $0 }.min(), earliestRetry: times[1], earliestLease: times[3],
      earliestPrune: pruning.flatMap { QueueLayout.leadingTime($0.key) })
    state.withLock { $0.dueTimes = dueTimes }
  }

  /// Reads what a fresh start needs.
  func open() async throws {
    try await loadCounts()
    try await findDueTimes()
    try await findPauses()
    for range in [QueueLayout.single, QueueLayout.operations] {
      let newest = try await store.scan(range, reverse: true, limit: 1).first
      if let id = newest.flatMap({ QueueLayout.trailingID($0.key) }) { ids.advance(past: id) }
    }
  }
}

extension [SubmittedRequest.Part] {
  /// What at least one of them has, or one that came with it: more than they have, where only some of those that came together are here.
  fileprivate var traits: QueueRequest.Traits {
    var traits: QueueRequest.Traits = []
    for index in indices { traits.formUnion(self[index].traits) }
    return traits
  }

  fileprivate func fail(_ error: any Error) {
    for submitted in self { submitted.fail(error) }
  }
}

extension QueueRequest {
  /// The changes of a caller's own.
  fileprivate var companion: Batch {
    switch self {
    case .enqueue(_, let companion, _), .rewrite(_, let companion, _): companion
    default: Batch()
    }
  }

  /// Whether a caller's own check in this request is the one that did not hold.
  fileprivate func requires(_ conflict: StoreError) -> Bool {
    companion.checks.contains { $0.key == conflict.key && $0.expected == conflict.expected }
  }
}
