public import Logging
import Synchronization
public import TomboloPorts

/// Delivers what is in a queue.
///
///     let worker = SyncWorker(queue: queue, handler: handlers, network: monitor)
///     try await worker.run()                  // until stopped or cancelled
///     let summary = try await worker.drain()  // one pass: all that can be delivered now
///
/// It is woken, it never polls: by an enqueue, an ended delivery, a due time, a change of the network. One worker serves a
/// queue at a time, and it does one of `run`, `drain` and `process(until:)` at a time.
public final class SyncWorker: Sendable {
  struct State {
    var gate: DeliveryGate
    var limiter: KindLimiter
    var inFlightCount = 0
    /// Of those, how many are delivered and have given their places on.
    var givenOnCount = 0
    /// Claimed, and not begun yet; whoever is free takes the first.
    var unbegun: ArraySlice<ClaimedOperation> = []
    /// What was delivered and is to be stored next, and how many see to it.
    var delivered: [DeliveredOperation] = []
    var storingCount = 0
    /// Whether those who store are there; otherwise whoever has delivered one stores it.
    var hasStorers = false
    /// Operations that were tried in spite of the network's status, since it last was online; bounded.
    var pilots: Set<OperationID> = []
    /// On a shared store: what is being delivered, and how its handler is told that the lease was lost.
    var leases: [OperationID: (claimed: ClaimedOperation, interruption: Interruption)] = [:]
    var watchdog: Watchdog
    var isRunning = false
    var isStopping = false
    /// That the store closed itself while a settlement was stored: the run ends with it.
    var closure: StoreError?
    var summary = ProcessingSummary()
    var random: any RandomNumberGenerator & Sendable

    /// How many places are taken.
    ///
    /// What is delivered without an ordering key gives its place on while that is stored, so that the next ones are under way
    /// meanwhile, and one commit settles as many as the concurrency. Those asked and those waiting to be stored are together at
    /// most twice the concurrency, and so many may be delivered again after a crash. With a concurrency of one an operation is settled before the next one
    /// starts. A kind with a concurrency of its own keeps its place there until that is stored, and what is not delivered but
    /// retried, snoozed, rejected or in conflict keeps its place here.
    func placeCount(of concurrency: Int) -> Int {
      concurrency > 1 ? inFlightCount - min(givenOnCount, concurrency) : inFlightCount
    }

    /// Gives the place at its upstream back.
    mutating func leave(_ claimed: ClaimedOperation) {
      if let upstream = claimed.leavePlace() { gate.release(upstream: upstream) }
    }

    /// Nothing more is to be done for this delivery.
    mutating func ended(_ claimed: ClaimedOperation) {
      inFlightCount -= 1
      limiter.ended(claimed.operation.kind)
      if claimed.token != nil, leases[claimed.id]?.claimed.token == claimed.token { leases[claimed.id] = nil }
    }

    /// An attempt ended, as far as its upstream is concerned.
    mutating func leave(_ delivery: Delivery, _ ending: UpstreamPace.Ending, at now: Duration) {
      gate.left(delivery.pass, ending, at: now)
      if delivery.isProbe { gate.probeEnded(upstream: delivery.upstream) }
      leave(delivery.claimed)
    }
  }

  /// How many operations take turns as pilots, at the most.
  static let pilotCandidateCountMaximum = 16

  let queue: SyncQueue
  let handler: any OperationHandler
  let network: (any NetworkStatusSource)?
  /// Apart, because to ask `network` copies it.
  let hasNetwork: Bool
  let resolver: any ConflictResolver
  let time: any TimeSource
  let logger: Logger
  let state: Mutex<State>
  let alarm: Alarm
  let limits: TimeLimits
  let interrupted = InterruptedDeliveries()
  let reports = ReportTarget()
  /// For the two who store what was delivered: signalled the first when there is something to store, both when there is a whole
  /// batch meanwhile.
  let storers = (WakeSignal(), WakeSignal())
  /// Signalled when the last delivery in flight has ended.
  let idle = WakeSignal()

  /// - Parameters:
  ///   - network: tells when to deliver; without one the network counts as online.
  ///   - resolver: decides conflicts.
  ///   - random: for jitter.
  public init(
    queue: SyncQueue,
    handler: any OperationHandler,
    network: (any NetworkStatusSource)? = nil,
    resolver: any ConflictResolver = TimestampConflictResolver(),
    random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
    logger: Logger = Logger(label: "tombolo.worker")
  ) {
    self.queue = queue
    self.handler = handler
    self.network = network
    hasNetwork = network != nil
    self.resolver = resolver
    self.time = queue.time
    self.logger = logger
    alarm = Alarm(time: queue.time, target: queue.workArrived)
    limits = TimeLimits(time: queue.time)
    state = Mutex(
      State(
        gate: DeliveryGate(queue.configuration), limiter: KindLimiter(queue.configuration.kindLimits),
        watchdog: Watchdog(at: queue.time.uptime), random: random))
    reports.worker = self
  }

  /// Delivers until `stop` is called or the task is cancelled.
  ///
  /// After `stop` it starts nothing more, lets deliveries in flight finish for `shutdownGrace`, then cancels them; what did
  /// not finish goes back unburnt. Cancellation does the same without the grace.
  ///
  /// A store that fails is tried again after a while; only a store that is closed ends the run with its error.
  public func run() async throws {
    try await start { group in
      try await self.loop(&group, untilIdle: false)
    }
  }

  /// Asks `run`, `drain` or `process(until:)` to end gracefully. Returns at once; safe to call from anywhere, any number of times.
  public func stop() {
    state.withLock { $0.isStopping = true }
    queue.workArrived.signal()
  }

  /// Puts another configuration in the place of the queue's present one, while it runs or not. Deliveries in flight are not
  /// disturbed: where there are more than the new limit allows, no further ones start until enough have ended.
  public func reconfigure(_ configuration: QueueConfiguration) {
    queue.reconfigure(configuration)
    state.withLock { state in
      state.gate.reconfigure(configuration)
      state.limiter.reconfigure(configuration.kindLimits)
    }
    queue.workArrived.signal()
  }

  /// What was done since the worker was made, or since the last pass by hand began.
  public var summary: ProcessingSummary { state.withLock { $0.summary } }

  /// How many deliveries are under way, those included whose end is being stored: at most twice the concurrency, or one with a
  /// concurrency of one. After `reconfigure` to fewer there may be more until those that had begun have ended.
  public var inFlightCount: Int { state.withLock { $0.inFlightCount } }

  /// Why an operation is not delivered right now; `nil` when it is gone. One that is critical itself waits neither for the
  /// random moment after an outage nor for room at its upstream; of one that has taken over that priority from another, the same is
  /// told as if it had not.
  public func waitingReason(for snapshot: OperationSnapshot) -> WaitingReason? {
    guard snapshot.waitingReason == .itsTurn else { return snapshot.waitingReason }
    if let reason = queue.waitingReason(for: snapshot.operation) { return reason }
    let upstream = handler.upstream(for: snapshot.operation)
    let (now, wall, status) = (time.uptime, time.now, network?.status)
    let isCritical = snapshot.operation.priority == .critical
    return state.withLock { state in
      if let reason = state.gate.obstacle(
        upstream: upstream, isCritical: isCritical, at: now, wall: wall, status: status)
      {
        return reason
      }
      return !isCritical && state.gate.isPaced(upstream) ? .paced(upstream: upstream) : .itsTurn
    }
  }

  // MARK: - The loop

  func start(
    _ body: @escaping @Sendable (inout DiscardingTaskGroup) async throws -> Void
  ) async throws {
    let isFirst = state.withLock { state in
      if state.isRunning { return false }
      state.isRunning = true
      return true
    }
    guard isFirst else { throw QueueError(.wrongState, "this worker is running already: await it, or stop it first") }
    let isServed = queue.isServed.withLock { isServed in
      defer { isServed = true }
      return isServed
    }
    guard !isServed else {
      state.withLock { $0.isRunning = false }
      throw QueueError(.wrongState, "another worker serves this queue already: await it, or stop it first")
    }
    defer {
      queue.isServed.withLock { $0 = false }
      queue.engine.state.withLock { $0.closure = nil }
      state.withLock { state in
        state.isRunning = false
        state.isStopping = false
        state.closure = nil
      }
    }
    state.withLock { $0.watchdog = Watchdog(at: time.uptime) }
    // Before anything is delivered; `follow` brings what changes from then on.
    networkChanged()
    interrupted.open()
    state.withLock { $0.hasStorers = true }
    let result: Result<Void, any Error> = await withDiscardingTaskGroup { group in
      group.addTask { await self.finishInterrupted() }
      group.addTask { await self.storeDelivered(when: self.storers.0) }
      group.addTask { await self.storeDelivered(when: self.storers.1) }
      group.addTask { await self.alarm.run() }
      group.addTask { await self.limits.run { self.queue.lastReport(of: $0) } }
      group.addTask { await self.watch() }
      if self.queue.engine.isShared { group.addTask { await self.renewLeases() } }
      if let network = self.network {
        group.addTask { await self.follow(network) }
      }
      let result: Result<Void, any Error>
      do {
        result = .success(try await body(&group))
      } catch {
        result = .failure(error)
      }
      await self.letDeliveriesFinish()
      group.cancelAll()
      return result
    }
    try result.get()
  }

  /// Brings every change of the network to the gate, and wakes the loop.
  private func follow(_ network: any NetworkStatusSource) async {
    for await _ in network.statuses() {
      networkChanged()
      queue.workArrived.signal()
    }
  }

  func loop(_ group: inout DiscardingTaskGroup, untilIdle: Bool) async throws {
    var failureCount = 0
    while !Task.isCancelled, !state.withLock({ $0.isStopping }) {
      // Seen here, because a store may still be read when nothing can be settled any more.
      if let closure = state.withLock({ $0.closure }) ?? queue.engine.state.withLock({ $0.closure }) { throw closure }
      do {
        // Seen before looking for more: a delivery that ends meanwhile may have made room.
        let wasIdle = state.withLock { $0.inFlightCount == 0 }
        let startedCount = try await startDeliveries(&group)
        failureCount = 0
        if startedCount > 0 { continue }
        if untilIdle, wasIdle { return }
        await queue.workArrived.wait()
        // Others that are about to end make room as well, so that what starts next starts together.
        if inFlightCount > 0 { await Task.yield() }
      } catch let error as StoreError where error.code == .closed {
        throw error
      } catch is CancellationError {
        return
      } catch {
        if untilIdle { throw error }
        failureCount += 1
        let pause = min(Duration.seconds(1) * failureCount, .seconds(30))
        logger.error(
          "the queue's store failed; trying again", metadata: ["error": "\(error)", "pause": "\(pause)"])
        alarm.set(after: pause)
        await queue.workArrived.wait()
      }
    }
  }

  /// Brings the present status of the network to the gate. Not one that was handed on: another one may have brought a newer one since.
  func networkChanged() {
    guard let network else { return }
    state.withLock { state in
      let status = network.status
      let fraction = Double.random(in: 0...1, using: &state.random)
      state.gate.networkChanged(status, at: time.uptime, fraction: fraction)
      if status.isOnline { state.pilots.removeAll() }
    }
  }

  /// An outage that `follow` has not brought yet: nothing new is claimed once the network is known to be away.
  func heedOutage() {
    guard hasNetwork, let network, !network.status.isOnline else { return }
    state.withLock { state in
      let status = network.status
      // The part of the spread is drawn when the network is back.
      if !status.isOnline { state.gate.networkChanged(status, at: time.uptime, fraction: 0) }
    }
  }

  /// - Parameters:
  ///   - delivery: where it got as far as its handler.
  ///   - ending: what it says about its upstream then.
  func deliveryEnded(
    _ claimed: ClaimedOperation, _ delivery: Delivery? = nil, _ ending: UpstreamPace.Ending = .unrelated
  ) {
    let isLast = state.withLock { state in
      if let delivery {
        state.leave(delivery, ending, at: time.uptime)
      } else {
        state.leave(claimed)
      }
      state.ended(claimed)
      state.watchdog.progressed(at: time.uptime)
      return state.inFlightCount == 0
    }
    if isLast { idle.signal() }
    queue.workArrived.signal()
  }

  private func letDeliveriesFinish() async {
    guard !Task.isCancelled, state.withLock({ $0.inFlightCount > 0 }) else { return }
    let grace = queue.configuration.shutdownGrace
    await withTaskGroup(of: Void.self) { race in
      race.addTask {
        while !Task.isCancelled, self.state.withLock({ $0.inFlightCount > 0 }) { await self.idle.wait() }
      }
      race.addTask {
        do {
          try await self.time.sleep(for: grace)
          self.logger.warning("deliveries did not end within the grace period and are cancelled")
        } catch {
          // Cancelled, because all deliveries have ended.
        }
      }
      await race.next()
      race.cancelAll()
    }
  }
}
