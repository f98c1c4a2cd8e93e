import Logging
import Synchronization
import TomboloPorts
import TomboloResilience

extension SyncWorker {
  /// One delivery from claim to settlement.
  ///
  /// - Parameter task: the present one.
  func process(_ claimed: ClaimedOperation, on task: RunningTask?) async {
    switch begin(claimed) {
    case .delivery(let delivery, let limit):
      let outcome = await outcome(of: delivery, limit, on: task)
      if delivery.interruption.reason != nil, interrupted.hand(delivery, outcome) { return }
      await finish(delivery, outcome)
    case .settlement(let settlement):
      await settle(claimed, settlement)
      deliveryEnded(claimed)
    }
  }

  private enum Beginning {
    case delivery(Delivery, TimeLimits.Slot)
    /// The handler is not to be called, and this becomes of the operation.
    case settlement(Settlement)
  }

  /// Finds out whether the handler may be called; where it may, its time limit has begun.
  private func begin(_ claimed: ClaimedOperation) -> Beginning {
    let interruption = Interruption()
    noteLease(claimed, interruption)
    if let failure = claimed.unreadable { return .settlement(.park(failure, attempted: false)) }
    if let expiresAt = claimed.operation.expiresAt, expiresAt <= time.now { return .settlement(.expire) }
    let upstream = handler.upstream(for: claimed.operation)
    let number = (claimed.progress?.attemptCount ?? 0) + 1
    let now = time.uptime
    let entry = state.withLock { enter(&$0, upstream: upstream, isRetry: number > 1, at: now) }
    switch entry {
    case .admitted(let pass, let isProbe):
      let attempt = DeliveryAttempt(
        number: number, replacing: claimed.progress?.replacing, fencingToken: claimed.token,
        reporter: reporter(for: claimed))
      queue.tell(claimed.id, kind: claimed.operation.kind, .started(attempt: number))
      let delivery = Delivery(
        claimed: claimed, upstream: upstream, pass: pass, isProbe: isProbe, attempt: attempt,
        interruption: interruption)
      return .delivery(delivery, limits.begin(claimed.id, at: now, within: attemptTimeout, interruption))
    case .refused(let rest, let failure):
      return .settlement(.snooze(failure, due: time.now.advanced(by: rest)))
    }
  }

  private enum Entry {
    case admitted(UpstreamPace.Pass, isProbe: Bool)
    case refused(rest: Duration, DeliveryFailure)
  }

  /// Asks the upstream's suspension, and then its breaker, for one attempt.
  private func enter(_ state: inout State, upstream: String, isRetry: Bool, at now: Duration) -> Entry {
    let admission = state.gate.admit(upstream: upstream, at: now)
    if case .refused(let rest, let failure) = admission { return .refused(rest: rest, failure) }
    switch state.gate.enter(upstream: upstream, isRetry: isRetry, at: now) {
    case .success(let pass):
      state.summary.attempted += 1
      return .admitted(pass, isProbe: admission == .probe)
    case .failure(let refusal):
      if admission == .probe { state.gate.probeEnded(upstream: upstream) }
      return .refused(rest: refusal.rest, DeliveryGate.breakerOpen)
    }
  }

  /// Calls the handler, within the time limit; an outcome of `nil` when the delivery was cancelled.
  private func outcome(
    of delivery: Delivery, _ limit: TimeLimits.Slot, on task: RunningTask?
  ) async -> DeliveryOutcome? {
    let answer = await answer(to: delivery, on: task)
    limits.ended(limit)
    // A handler that answers `delivered` although it was interrupted is believed.
    if case .delivered? = answer { return answer }
    switch delivery.interruption.reason {
    case nil: return answer
    case .leaseLost: return nil
    case .timeOver:
      return .retry(
        after: nil,
        DeliveryFailure(.timeout, "the attempt gave no sign of life for \(limit.duration) and was cancelled"))
    }
  }

  private func answer(to delivery: Delivery, on task: RunningTask?) async -> DeliveryOutcome? {
    await delivery.interruption.run(on: task) {
      do {
        return try await handler.deliver(delivery.claimed.stored.operation, attempt: delivery.attempt)
      } catch is CancellationError where Task.isCancelled {
        return nil
      } catch {
        return DeliveryDecision.outcome(of: error)
      }
    }
  }

  private var attemptTimeout: Duration { queue.engine.sharedConfiguration.attemptTimeout }

  /// Does what is left to do for a delivery whose handler has answered.
  private func finish(_ delivery: Delivery, _ outcome: DeliveryOutcome?) async {
    if case .delivered? = outcome { return await finishDelivered(delivery) }
    let claimed = delivery.claimed
    var ending = UpstreamPace.Ending.unrelated
    defer { deliveryEnded(claimed, delivery, ending) }
    // Whatever else a cancelled handler answers is not the upstream's word.
    guard !Task.isCancelled, let outcome else { return await giveBack(claimed, nil) }
    ending = await conclude(delivery, outcome)
  }

  /// Finishes deliveries whose own tasks were cancelled, until this task is cancelled.
  func finishInterrupted() async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        for (delivery, outcome) in await interrupted.next() {
          group.addTask { await self.finish(delivery, outcome) }
        }
      }
    }
    for (delivery, outcome) in interrupted.close() { await finish(delivery, outcome) }
  }

  /// Settles the operation as the outcome says, and answers what the outcome says about the upstream.
  private func conclude(_ delivery: Delivery, _ outcome: DeliveryOutcome) async -> UpstreamPace.Ending {
    let (claimed, number, upstream) = (delivery.claimed, delivery.attempt.number, delivery.upstream)
    let decision = DeliveryDecision(queue.engine.sharedConfiguration, now: time.now)
    switch outcome {
    case .delivered:
      // `finish` hands it to `finishDelivered` instead.
      await settle(claimed, .delivered(attempt: number))

    case .retry(let after, let failure) where failure.code == .unreachable:
      let isAttempt = await concludeUnreachable(claimed, after: after, failure, number, upstream, decision)
      // Without a network it says nothing about the upstream.
      if !isAttempt { return .unrelated }

    case .retry(let after, let failure):
      await noteAnswer(upstream, failure)
      await settle(claimed, retry(claimed, after: after, failure, number, upstream, decision))

    case .snooze(let duration, let failure):
      await settle(claimed, decision.snooze(for: duration, failure))

    case .suspend(let duration, let failure):
      // What was held back was not sent, so it says nothing about the network.
      let isAnswer = failure.code != .heldBack
      if isAnswer { _ = await network?.report(.answered) }
      let isNew = state.withLock { state in
        let isNew = state.gate.suspension(of: upstream, at: time.uptime) == nil
        state.gate.suspend(upstream: upstream, for: duration, failure, at: time.uptime)
        return isNew
      }
      if isNew {
        logger.log(
          level: isAnswer ? .warning : .debug,
          isAnswer
            ? "the upstream refuses everybody; it is left alone for a while" : "the upstream is left alone for a while",
          metadata: ["upstream": "\(upstream)", "pause": "\(duration)", "failure": "\(failure.message)"])
      }
      await settle(claimed, .release(failure))

    case .conflict(let remote):
      await noteAnswer(upstream, nil)
      // It judged the operation, so it is well: what is under way may grow as after a success.
      state.withLock { $0.gate.succeeded(upstream: upstream) }
      await concludeConflict(claimed, remote, decision)

    case .reject(let failure):
      await noteAnswer(upstream, failure)
      state.withLock { $0.gate.succeeded(upstream: upstream) }
      await settle(claimed, .deadLetter(failure))

    case .park(let failure):
      await settle(claimed, .park(failure, attempted: true))
    }
    return DeliveryDecision.ending(of: outcome)
  }

  /// What becomes of a failed attempt; its retry takes its share of the upstream's budget before it waits.
  private func retry(
    _ claimed: ClaimedOperation, after asked: Duration?, _ failure: DeliveryFailure, _ number: Int, _ upstream: String,
    _ decision: DeliveryDecision
  ) -> Settlement {
    let waitMaximum = queue.configuration.backoff.delayMaximum
    return state.withLock { state in
      var wait = Duration.zero
      if !decision.isLast(attempt: number) {
        wait = state.gate.retryWait(
          upstream: upstream, at: time.uptime, waitMaximum: waitMaximum, random: &state.random)
      }
      return decision.retry(
        after: asked, failure, attempt: number, previous: claimed.progress?.retryWait, budgetWait: wait,
        random: &state.random)
    }
  }

  /// No answer came. On a working network that is an attempt; otherwise it is the network's fault and burns nothing. Answers
  /// whether it was an attempt.
  private func concludeUnreachable(
    _ claimed: ClaimedOperation, after asked: Duration?, _ failure: DeliveryFailure, _ number: Int, _ upstream: String,
    _ decision: DeliveryDecision
  ) async -> Bool {
    let status = await network?.report(.unreachable(failure.message))
    if let status, !status.isOnline {
      networkChanged()
      await giveBack(claimed, failure)
      return false
    }
    await settle(claimed, retry(claimed, after: asked, failure, number, upstream, decision))
    return true
  }

  private func concludeConflict(
    _ claimed: ClaimedOperation, _ remote: RemoteVersion, _ decision: DeliveryDecision
  ) async {
    state.withLock { $0.summary.conflicted += 1 }
    if let written = remote.written, let clock = queue.configuration.versionClock,
      !clock.observe(written, at: time.now)
    {
      logger.warning(
        "the version at the upstream is of a clock too far ahead", metadata: ["operation": "\(claimed.id)"])
    }
    let result: ResolutionResult
    do {
      result = try await resolver.resolve(claimed.operation, against: remote)
    } catch {
      result = .park("the conflict resolver failed: \(error)")
    }
    let rounds = claimed.progress?.conflictRoundCount ?? 0
    await settle(claimed, queue.storable(decision.conflict(result, against: remote, rounds: rounds), of: claimed))
  }

  private func noteAnswer(_ upstream: String, _ failure: DeliveryFailure?) async {
    state.withLock { $0.gate.answered(upstream: upstream) }
    // A time limit that passed is no answer, and says nothing against the network either.
    if let failure, failure.code == .timeout || failure.code == .handlerFailed { return }
    _ = await network?.report(.answered)
  }

  private func giveBack(
    _ claimed: ClaimedOperation, _ failure: DeliveryFailure?, mayBeStored: Bool = false
  ) async {
    state.withLock { $0.summary.released += 1 }
    await queue.giveBack(claimed, failure, mayBeStored: mayBeStored)
  }

  // MARK: - Settling

  /// Stores what became of a delivery.
  private func settle(_ claimed: ClaimedOperation, _ settlement: Settlement) async {
    do {
      try await queue.settle(claimed, settlement)
      count(settlement)
    } catch {
      await settleAgain(claimed, settlement, after: error)
    }
  }

  /// What became of a delivery could not be stored. A store that fails is tried again until the worker is cancelled: until then the
  /// operation counts as being delivered and is not delivered twice.
  func settleAgain(_ claimed: ClaimedOperation, _ settlement: Settlement, after failure: any Error) async {
    var error = failure
    var pause = Duration.milliseconds(100)
    while true {
      guard mayBeSettled(claimed, after: error, pause) else { return queue.putBack(claimed, nil, mayBeStored: true) }
      do {
        try await time.sleep(for: pause)
      } catch {
        // Cancelled: the operation is still in the store and is delivered again, by the next run or the next process.
        return await giveBack(claimed, nil, mayBeStored: true)
      }
      pause = min(pause * 2, .seconds(5))
      do {
        try await queue.settle(claimed, settlement, isRepeat: true)
        return count(settlement)
      } catch let another {
        error = another
      }
    }
  }

  /// Whether it may be stored yet what became of a delivery, where that has just failed.
  private func mayBeSettled(_ claimed: ClaimedOperation, after error: any Error, _ pause: Duration) -> Bool {
    if let error = error as? QueueError, error.code == .leaseLost {
      logger.warning(
        "a delivery came too late", metadata: ["operation": "\(claimed.id)", "error": "\(error)"])
      state.withLock { $0.summary.released += 1 }
      return false
    }
    if let error = error as? StoreError, error.code == .closed {
      // It will not open again by itself, and the run ends with this error. What is in the store is delivered by the next one.
      logger.error(
        "what became of a delivery could not be stored: the store is closed",
        metadata: ["operation": "\(claimed.id)", "error": "\(error)"])
      state.withLock { state in
        state.closure = error
        state.summary.released += 1
      }
      return false
    }
    logger.error(
      "what became of a delivery could not be stored; trying again",
      metadata: ["operation": "\(claimed.id)", "error": "\(error)", "pause": "\(pause)"])
    return true
  }

  private func count(_ settlement: Settlement) {
    state.withLock { $0.summary.count(settlement) }
  }
}

extension ProcessingSummary {
  fileprivate mutating func count(_ settlement: Settlement) {
    switch settlement {
    case .delivered: delivered += 1
    case .retry: retried += 1
    case .snooze: snoozed += 1
    case .release: released += 1
    case .redeliver: break
    case .park, .parkConflict: parked += 1
    case .deadLetter: deadLettered += 1
    case .discard: discarded += 1
    case .expire: expired += 1
    }
  }
}
