import Logging
import Synchronization
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

/// The queue and its worker in a simulated world: producers, deliveries and crashes through several lives, every promise
/// checked on the way.
struct QueueSimulation {
  /// Puts something between the queue and the world's store or upstream: a planted bug.
  struct Planted: Sendable {
    var store: @Sendable (any KeyValueStore) -> any KeyValueStore = { $0 }
    var handler: @Sendable (any OperationHandler) -> any OperationHandler = { $0 }
  }

  let world: SimulatedWorld
  let ledger: QueueLedger
  private let plan: QueuePlan
  private let planted: Planted

  init(seed: UInt64, planted: Planted = Planted()) {
    plan = QueuePlan(seed: seed)
    world = SimulatedWorld(
      seed: seed, faults: plan.faults, horizon: .seconds(10 * 24 * 3_600), isShareable: plan.isShared,
      jobCountMaximum: plan.isShared ? 2_000_000 : 300_000)
    ledger = QueueLedger(world: world, plan: plan)
    self.planted = planted
  }

  /// Throws `SimulationFailure`, with the seed and what happened last, when a promise was broken.
  func run() async throws {
    try await world.run(
      lives: plan.lives,
      afterLife: { number in
        try await ledger.audit("after life \(number)")
        try failOnProblems()
      }
    ) { process in
      try await live(process)
    }
    ledger.settleUp()
    try failOnProblems()
  }

  private func failOnProblems() throws {
    let problems = ledger.problems
    guard !problems.isEmpty else { return }
    var failure = world.failure(problems.prefix(5).joined(separator: "; "))
    if let trace = ledger.firstTrace { failure.trace = trace }
    throw failure
  }

  private func live(_ process: SimulatedProcess) async throws {
    var random = process.random("life")
    let logger = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
    let ownFate = makeFate(of: "ids", process)
    let queue = try await open(process, logger, "ids", ownFate)
    ledger.begins(lifeWith: plan.configuration.activeNamespaces)
    let handler = CheckingHandler(
      base: planted.handler(process.handler), ledger: ledger, world: world,
      concurrency: plan.configuration.concurrency * (plan.isShared ? 2 : 1),
      isStrictlyByPriority: plan.isStrictlyByPriority && !plan.isShared,
      kindConcurrency: (plan.configuration.kindLimits["limited"]?.concurrency).map { $0 * (plan.isShared ? 2 : 1) }
        ?? .max,
      isFenced: plan.losesLeases)
    let worker = SyncWorker(
      queue: queue, handler: handler, network: process.network, random: process.random("worker"), logger: logger)
    if !plan.isShared {
      handler.onSpread { [weak worker] in worker?.state.withLock { $0.gate.spreadUntil } }
    }
    // Another process on the same disk, which lives and dies with this one, unless it stalls, or dies first.
    let fate = makeFate(of: "other ids", process)
    let other = plan.isShared ? try await open(process, logger, "other ids", fate) : nil
    let otherWorker = other.map {
      SyncWorker(
        queue: $0, handler: handler, network: process.network, random: process.random("other worker"), logger: logger)
    }
    let queues = [queue, other].compactMap { $0 }
    handler.onExcess { [weak worker, weak otherWorker] in
      [worker, otherWorker].lazy.compactMap { $0.flatMap(excess) }.first
    }
    for queue in queues { queue.add(ledger) }
    let isDraining = Int.random(in: 0..<4, using: &random) == 0 && !process.isLast
    let stopAfter = Int.random(in: 60...7_200, using: &random)

    let hasStopped = StopFlag()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        if isDraining { try await drainNowAndThen(worker, process) } else { try await worker.run() }
      }
      if let otherWorker {
        group.addTask {
          do { try await otherWorker.run() } catch let error as StoreError where error.code == .closed && fate.isDead {}
        }
        if plan.hasDeath, !process.isLast { group.addTask { await die(fate, process, otherWorker) } }
      }
      if !isDraining, other == nil { group.addTask { await watch(queue, worker, process, until: hasStopped) } }
      group.addTask {
        try await withThrowingTaskGroup(of: Void.self) { producers in
          for number in 1...2 {
            producers.addTask {
              do {
                try await produce(queues[number % queues.count], process, "\(process.number).\(number)")
              } catch let error as StoreError where error.code == .closed && fate.isDead {
                // It died with its process.
              }
            }
          }
          producers.addTask { try await pauseAndResume(queues, process) }
          if plan.hasPerson { producers.addTask { try await settleByHand(queue, process) } }
          try await producers.waitForAll()
        }
        if process.isLast {
          try await waitUntilSettled(queue, process)
        } else {
          try await process.time.sleep(for: .seconds(stopAfter))
        }
        worker.stop()
        otherWorker?.stop()
        hasStopped.set()
        if isDraining { throw CancellationError() }
      }
      do {
        try await group.waitForAll()
      } catch is CancellationError {
        group.cancelAll()
        while let result = await group.nextResult() { if case .failure(let error) = result { _ = error } }
      }
    }
    let alive = fate.isDead ? [queue] : queues
    let inFlight = alive.reduce(0) { $0 + $1.engine.state.withLock { $0.inFlight.count } }
    if inFlight > 0, process.isAlive { ledger.note("\(inFlight) still count as being delivered after a graceful stop") }
  }

  private func open(
    _ process: SimulatedProcess, _ logger: Logger, _ ids: String, _ fate: HolderFate
  ) async throws -> SyncQueue {
    var configuration = plan.configuration
    // Each process begins with a clock that knows nothing.
    if plan.hasStamps { configuration.versionClock = HybridLogicalClock(node: ids) }
    while true {
      do {
        let base = planted.store(process.store)
        let queue = try await SyncQueue.open(
          store: plan.isShared ? HolderStore(base, fate: fate) : base, configuration: configuration,
          time: process.time, ids: MonotonicOperationIDSource(random: process.random(ids)), logger: logger)
        if let memory = plan.memory {
          queue.engine.state.withLock { state in
            for index in state.windows.indices { state.windows[index] = ReadyWindow(capacity: memory.windowCapacity) }
            state.lineCountMaximum = memory.lineCountMaximum
          }
        }
        return queue
      } catch let error as StoreError where error.code != .closed {
        try await process.time.sleep(for: .seconds(1))
      }
    }
  }

  /// What becomes of one of the processes that share this life.
  private func makeFate(of ids: String, _ process: SimulatedProcess) -> HolderFate {
    HolderFate(
      holder: "\(process.number) \(ids)", time: process.time, trace: world.trace,
      stall: process.isLast ? nil : plan.stall, random: process.random("fate of \(ids)"))
  }

  /// Kills the process at some moment, if it comes to that.
  private func die(_ fate: HolderFate, _ process: SimulatedProcess, _ worker: SyncWorker) async {
    var random = process.random("death")
    do {
      try await process.time.sleep(for: .seconds(Int.random(in: 10...1_800, using: &random)))
    } catch {
      // The life is over before.
      return
    }
    fate.die()
    worker.queue.workArrived.signal()
  }

  /// What a worker or its queue keeps in memory beyond its bound.
  private func excess(_ worker: SyncWorker) -> String? {
    let maximum = plan.configuration.concurrency * (plan.configuration.concurrency > 1 ? 2 : 1)
    if worker.inFlightCount > maximum {
      return "\(worker.inFlightCount) deliveries of one worker, \(maximum) are allowed"
    }
    let asked = worker.state.withLock { $0.inFlightCount - $0.givenOnCount }
    if asked > plan.configuration.concurrency {
      return
        "\(asked) deliveries of one worker that are not delivered yet, \(plan.configuration.concurrency) are allowed"
    }
    return worker.queue.engine.state.withLock { state in
      if let window = state.windows.first(where: { $0.count > $0.capacity }) {
        return "a window of \(window.capacity) has \(window.count) operations"
      }
      guard state.lines.count > state.lineCountMaximum else { return nil }
      return "\(state.lines.count) lines are remembered, \(state.lineCountMaximum) are allowed"
    }
  }

  private func produce(_ queue: SyncQueue, _ process: SimulatedProcess, _ name: String) async throws {
    var random = process.random("producer \(name)")
    for number in 0..<8 {
      if Int.random(in: 0..<3, using: &random) > 0 {
        try await process.time.sleep(for: .milliseconds(Int.random(in: 1...400_000, using: &random)))
      }
      let operation = plan.operation("\(name).\(number)", at: process.time.now, after: ledger.known, &random)
      // The program's own change, committed with the operation or not at all.
      var companion = Batch()
      companion.put(QueueLedger.companionKey(operation.payload), operation.payload)
      // Told by its idempotency key, an operation may be handed in until it is acknowledged.
      for _ in 0..<(operation.idempotencyKey == nil ? 1 : 10) {
        do {
          let earlier = ledger.newestStamp
          for receipt in try await queue.enqueue([operation], alongside: companion) {
            ledger.acknowledge(receipt)
            // Two processes on one store learn of each other's stamps only now and then.
            if plan.hasStamps, !plan.isShared { ledger.checkStamp(receipt, after: earlier) }
          }
          break
        } catch let error as StoreError where error.code != .closed {
          try await process.time.sleep(for: .seconds(1))
        } catch let error as QueueError where error.code == .full {
          // Not accepted, and the program knows it.
          break
        }
      }
    }
  }

  /// Pauses now and then, and in the end lets everything go on.
  private func pauseAndResume(_ queues: [SyncQueue], _ process: SimulatedProcess) async throws {
    var random = process.random("pauses")
    let queue = queues[0]
    let scopes: [Pause.Scope] = [.queue, .kind("test"), .kind("limited"), .orderingKey("a")]
    for _ in 0..<(plan.hasPauses ? 6 : 0) {
      try await process.time.sleep(for: .seconds(Int.random(in: 1...600, using: &random)))
      let namespaces = Set(["n", "m"].filter { _ in Bool.random(using: &random) })
      ledger.activates(namespaces)
      for queue in queues { queue.activate(namespaces: namespaces) }
      guard let scope = scopes.randomElement(using: &random) else { continue }
      do {
        if Bool.random(using: &random) {
          try await queue.pause(scope, reason: "simulated")
          ledger.paused(scope)
        } else {
          ledger.resumes(scope)
          try await queue.resume(scope)
        }
      } catch let error as StoreError where error.code != .closed {
        // It may or may not be paused.
        ledger.resumes(scope)
      }
    }
    ledger.activates(["n", "m"])
    for queue in queues { queue.activate(namespaces: ["n", "m"]) }
    for pause in queue.pauses {
      ledger.resumes(pause.scope)
      while true {
        do {
          try await queue.resume(pause.scope)
          break
        } catch let error as StoreError where error.code != .closed {
          try await process.time.sleep(for: .seconds(1))
        }
      }
    }
  }

  private func settleByHand(_ queue: SyncQueue, _ process: SimulatedProcess) async throws {
    var random = process.random("person")
    for _ in 0..<12 {
      try await process.time.sleep(for: .seconds(Int.random(in: 1...250, using: &random)))
      // Mostly what waits for a person.
      let held = ledger.known.filter { ledger.isHeld($0) }
      let choice = held.isEmpty || Int.random(in: 0..<3, using: &random) == 0 ? ledger.known : held
      guard let id = choice.randomElement(using: &random) else { continue }
      do {
        if Int.random(in: 0..<3, using: &random) == 0 {
          ledger.willDiscard(id)
          try await queue.discard(id, reason: "by hand")
        } else {
          ledger.willRetry(id)
          if try await queue.snapshot(id)?.conflict != nil {
            try await queue.resolve(id, with: Bool.random(using: &random) ? .local : .merged([1, 2, 3]))
          } else {
            try await queue.retry(id)
          }
        }
      } catch is QueueError {
        // Gone, or being delivered.
      } catch let error as StoreError where error.code != .closed {
        // The person gives up.
      }
    }
  }

  /// The longest that the worker may rest after its store failed, with room for slow reads.
  private static let rest = Duration.seconds(140)

  /// Looks out for work that lies ready while the worker, with everything it needs, does nothing.
  private func watch(
    _ queue: SyncQueue, _ worker: SyncWorker, _ process: SimulatedProcess, until stopped: StopFlag
  ) async {
    let time = process.time
    var since: (id: OperationID, beginCount: Int, at: Duration)?
    while process.isAlive, !stopped.isSet {
      do { try await time.sleep(for: .seconds(75)) } catch { return }
      ledger.checkWaits()
      // The watchdog is for mistakes; here there are none.
      if let stalled = queue.stalled.withLock({ $0 }) { return ledger.note("nothing moves since \(stalled)") }
      let ready = OperationPriority.allCases.lazy.compactMap {
        QueueLayout.readyRanges($0).compactMap {
          world.disk.records(in: $0, limit: 1).first.flatMap { QueueLayout.trailingID($0.key) }
        }.min()
      }.first
      let isIdle = queue.engine.state.withLock { $0.inFlight.isEmpty }
      let isOpen =
        process.network.status.isOnline && !queue.engine.isPaused
        && worker.state.withLock {
          $0.gate.obstacle(upstream: "simulated", at: time.uptime, wall: time.now, status: process.network.status)
        } == nil
      guard let ready, isIdle, isOpen else {
        since = nil
        continue
      }
      // What was tried meanwhile, and is ready once more, has not lain there all the time (found by seed 5143).
      let beginCount = ledger.beginCount(of: ready)
      if since?.id != ready || since?.beginCount != beginCount { since = (ready, beginCount, time.uptime) }
      if let since, time.uptime - since.at > Self.rest {
        return ledger.note("\(ready) is ready, the network is there, and the worker rests since \(since.at)")
      }
    }
  }

  private func drainNowAndThen(_ worker: SyncWorker, _ process: SimulatedProcess) async throws {
    while process.isAlive {
      let began = process.time.uptime
      let beginCount = ledger.beginCount
      do {
        let summary =
          plan.hasDeadlines
          ? try await worker.process(until: process.time.now.advanced(by: Self.passDuration))
          : try await worker.drain()
        let calls = ledger.beginCount - beginCount
        if process.isAlive, !plan.isShared, summary.attempted != calls {
          ledger.note("a pass tells of \(summary.attempted) attempts, and there were \(calls)")
        }
      } catch let error as StoreError where error.code != .closed {
        // The next one tries again.
      }
      let overtime = process.time.uptime - began - Self.passDuration
      if plan.hasDeadlines, plan.stall == nil, process.isAlive, overtime > Self.overtimeMaximum {
        ledger.note("a pass by hand went on for \(overtime) after its deadline")
      }
      try await process.time.sleep(for: .seconds(60))
    }
  }

  /// How much time a pass by hand is given, and how much later it may end: the store takes its time.
  private static let passDuration = Duration.seconds(20)
  private static let overtimeMaximum = Duration.seconds(60)

  /// The longest that anything waits once nothing fails: a `notBefore` of half an hour, a Retry-After or snooze of ten
  /// minutes, backoffs, one after the other in a line.
  private static let patience = Duration.seconds(6 * 3_600)

  private func waitUntilSettled(_ queue: SyncQueue, _ process: SimulatedProcess) async throws {
    let start = process.time.uptime
    var pause = Duration.seconds(10)
    while true {
      ledger.checkWaits()
      let status = try await queue.status()
      // Whoever waits for one that is held waits for a person.
      let isBlockedForGood = plan.configuration.onPermanentFailure == .block || status.parked + status.deadLettered > 0
      if status.pending + status.delivering + status.retrying == 0, status.blocked == 0 || isBlockedForGood { return }
      if plan.isPatienceLimited, process.time.uptime - start > Self.patience {
        throw SimulationFailure("nothing fails any more, and after \(Self.patience) there is still \(status)")
      }
      try await process.time.sleep(for: pause)
      pause = min(pause * 2, .seconds(3_600))
    }
  }
}

/// Set once.
private final class StopFlag: Sendable {
  private let flag = Mutex(false)
  var isSet: Bool { flag.withLock { $0 } }
  func set() { flag.withLock { $0 = true } }
}
