import Synchronization
public import TomboloPorts

/// One pass by hand, for command lines and background tasks.
extension SyncWorker {
  /// Delivers all that can be delivered now, without waiting for a backoff, a due time or the network, and tells what it
  /// did.
  @discardableResult
  public func drain() async throws -> ProcessingSummary {
    try await pass(lasting: nil)
  }

  /// Like `drain`, and over at `deadline` by the wall clock whatever happens: for a background task that the system grants so
  /// much time and no more.
  ///
  ///     let summary = try await worker.process(until: time.now.advanced(by: .seconds(25)))
  ///     schedule(after: summary.nextDueAt)
  ///
  /// At the deadline deliveries under way are cancelled; what did not finish goes back unburnt, its lease included. A handler
  /// that ignores cancellation holds up the end. With a deadline that has passed nothing is started. The network's status,
  /// pauses, limits, namespaces and leases count as they do for `run`.
  @discardableResult
  public func process(until deadline: Timestamp) async throws -> ProcessingSummary {
    try await pass(lasting: time.now.duration(to: deadline))
  }

  private func pass(lasting limit: Duration?) async throws -> ProcessingSummary {
    let began = time.uptime
    state.withLock { $0.summary = ProcessingSummary() }
    let isOver: Bool
    if let limit {
      isOver = try await deliver(within: limit)
    } else {
      try await deliverUntilIdle()
      isOver = false
    }
    let skipped = try await skipped()
    let nextDueAt = try await queue.nextDue()
    return state.withLock { state in
      state.summary.duration = time.uptime - began
      state.summary.reachedDeadline = isOver
      state.summary.nextDueAt = nextDueAt
      state.summary.skipped = skipped
      return state.summary
    }
  }

  private func deliverUntilIdle() async throws {
    try await start { group in
      try await self.loop(&group, untilIdle: true)
    }
  }

  /// Answers whether time was up before the work was done.
  private func deliver(within limit: Duration) async throws -> Bool {
    guard limit > .zero else { return true }
    return try await withThrowingTaskGroup(of: Bool.self) { race in
      race.addTask {
        try await self.deliverUntilIdle()
        return false
      }
      race.addTask { [time] in
        do {
          try await time.sleep(for: limit)
        } catch is CancellationError {
          // The work is done, or the caller gave up.
          return false
        }
        return true
      }
      let isOver = try await race.next() ?? false
      race.cancelAll()
      try await race.waitForAll()
      return isOver
    }
  }
}

extension SyncQueue {
  /// When the next operation ends its backoff, or the wait for its `notBefore`; `nil` when none waits for a time.
  func nextDue() async throws -> Timestamp? {
    let scheduled = try await store.scan(QueueLayout.scheduled, limit: 1).first
    let retrying = try await store.scan(QueueLayout.retrying, limit: 1).first
    return [scheduled, retrying].compactMap { $0.flatMap { QueueLayout.leadingTime($0.key) } }.min()
  }
}
