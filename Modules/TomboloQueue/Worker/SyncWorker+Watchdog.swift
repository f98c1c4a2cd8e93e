import Logging
import Synchronization
import TomboloPorts

/// The watchdog beside the loop. It has a task and a sleep of its own, so that whatever holds up the loop does not hold it up.
extension SyncWorker {
  /// Looks every so often whether anything moves, until the task is cancelled.
  func watch() async {
    while !Task.isCancelled {
      let limit = stallLimit
      guard limit > .zero else { return }
      do {
        try await time.sleep(for: limit / 2)
      } catch {
        // Cancelled: the worker ends.
        break
      }
      await look()
    }
    queue.stalled.withLock { $0 = nil }
  }

  /// A handler may take as long as its time limit without a sign of life.
  private var stallLimit: Duration {
    let configuration = queue.configuration
    guard configuration.stallTimeout > .zero else { return .zero }
    return max(configuration.stallTimeout, configuration.attemptTimeout + .seconds(1))
  }

  private func look() async {
    let isDue: Bool
    do {
      isDue = try await self.isDue()
    } catch {
      // The loop meets the same failure and tells it.
      logger.debug("the watchdog could not look", metadata: ["error": "\(error)"])
      return state.withLock { $0.watchdog.couldNotLook(at: time.uptime) }
    }
    let (now, limit) = (time.uptime, stallLimit)
    switch state.withLock({ $0.watchdog.look(isDue: isDue, at: now, limit: limit) }) {
    case .well: break
    case .recovered:
      queue.stalled.withLock { $0 = nil }
      logger.notice("deliveries move again")
    case .stillStalled: rearm()
    case .stalled(let moment):
      let since = time.now.advanced(by: moment - now)
      queue.stalled.withLock { $0 = since }
      logger.error(
        "deliveries are due and the network is there, yet nothing moves; the worker is set going again",
        metadata: ["since": "\(since)", "delivering": "\(inFlightCount)"])
      await tellStalled(since)
      rearm()
    }
  }

  /// Whether something could be delivered right now, or is being delivered.
  private func isDue() async throws -> Bool {
    guard !queue.engine.isPaused, network?.status.isOnline ?? true else { return false }
    let (now, wall, status) = (time.uptime, time.now, network?.status)
    let isOpen = state.withLock {
      $0.gate.obstacle(upstream: handler.upstream, at: now, wall: wall, status: status) == nil
    }
    guard isOpen else { return false }
    if inFlightCount > 0 { return true }
    return try await queue.hasReady()
  }

  /// Tells it of the operation that has been in the way longest, or that is ready first.
  private func tellStalled(_ since: Timestamp) async {
    do {
      guard let id = try await firstDue() else { return }
      let kind = try await queue.snapshot(id)?.operation.kind ?? ""
      queue.tell(id, kind: kind, .stalled(since: since))
    } catch {
      logger.warning("the operation that is due could not be read", metadata: ["error": "\(error)"])
    }
  }

  /// Read from the store: what is in memory may be what is wrong.
  private func firstDue() async throws -> OperationID? {
    if let delivering = queue.engine.state.withLock({ $0.inFlight.keys.min() }) { return delivering }
    for priority in OperationPriority.allCases {
      if let id = try await queue.firstReady(priority) { return id }
    }
    return nil
  }

  /// Forgets what is only known in memory, so that the next look reads the store, and wakes the loop.
  private func rearm() {
    queue.engine.state.withLock { $0.forget() }
    queue.workArrived.signal()
  }
}
