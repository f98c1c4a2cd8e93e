private import Synchronization

/// The gate with its lock and the callers that wait at it.
@usableFromInline
package final class ConcurrencyGate: Sendable {
  private enum Verdict { case admitted, evicted, cancelled }

  private enum Waiter {
    /// In the queue, not yet suspended.
    case arriving
    case suspended(CheckedContinuation<Verdict, Never>)
    /// Decided before it was suspended.
    case decided(Verdict)
  }

  private struct State {
    var machine: ConcurrencyGateMachine
    var waiters: [UInt64: Waiter] = [:]

    /// Decides about one who waits; answers the continuation to resume outside the lock.
    mutating func decide(_ ticket: UInt64, _ verdict: Verdict) -> CheckedContinuation<Verdict, Never>? {
      switch waiters[ticket] {
      case .suspended(let continuation):
        waiters[ticket] = nil
        return continuation
      case .arriving:
        waiters[ticket] = .decided(verdict)
        return nil
      case .decided, nil:
        return nil
      }
    }
  }

  private let state: Mutex<State>

  package init(limit: Int, queueMaximum: Int) {
    state = Mutex(State(machine: ConcurrencyGateMachine(limit: limit, queueMaximum: queueMaximum)))
  }

  package var limit: Int { state.withLock { $0.machine.limit } }
  package var insideCount: Int { state.withLock { $0.machine.insideCount } }
  package var waitingCount: Int { state.withLock { $0.machine.waitingCount } }

  /// Enters when there is room, without waiting. A true is followed by one `depart()`.
  @usableFromInline
  package func enterAtOnce() -> Bool { state.withLock { $0.machine.enterAtOnce() } }

  /// Enters, waiting for a place; false when there is none even in the queue. Each true is followed by one `depart()`.
  package func enter(_ priority: CallPriority, isolation: isolated (any Actor)?) async throws -> Bool {
    let (admission, evicted) = state.withLock { state in
      let admission = state.machine.arrive(priority)
      var evicted: CheckedContinuation<Verdict, Never>?
      if case .queued(let ticket, let other) = admission {
        state.waiters[ticket] = .arriving
        if let other { evicted = state.decide(other, .evicted) }
      }
      return (admission, evicted)
    }
    evicted?.resume(returning: .evicted)
    switch admission {
    case .admitted: return true
    case .refused: return false
    case .queued(let ticket, _):
      switch await wait(ticket, isolation: isolation) {
      case .admitted: return true
      case .evicted: return false
      case .cancelled: throw CancellationError()
      }
    }
  }

  /// Leaves; those who waited enter.
  @usableFromInline
  package func depart() {
    let admitted = state.withLock { state -> [CheckedContinuation<Verdict, Never>] in
      guard !state.machine.departAtOnce() else { return [] }
      return state.machine.depart().compactMap { state.decide($0, .admitted) }
    }
    for continuation in admitted { continuation.resume(returning: .admitted) }
  }

  /// Leaves and changes the number of places. The limit is asked for under the lock, so that of two who leave at once the
  /// later sets the later limit.
  package func depart(newestLimit: () -> Int) {
    let admitted = state.withLock { state in
      let tickets = state.machine.depart() + state.machine.changeLimit(to: newestLimit())
      return tickets.compactMap { state.decide($0, .admitted) }
    }
    for continuation in admitted { continuation.resume(returning: .admitted) }
  }

  private func wait(_ ticket: UInt64, isolation: isolated (any Actor)?) async -> Verdict {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let verdict: Verdict? = state.withLock { state in
          if case .decided(let verdict) = state.waiters[ticket] {
            state.waiters[ticket] = nil
            return verdict
          }
          state.waiters[ticket] = .suspended(continuation)
          return nil
        }
        if let verdict { continuation.resume(returning: verdict) }
      }
    } onCancel: {
      let continuation = state.withLock { state in
        // One who has been let in already stays in, and departs as everybody does.
        state.machine.leaveQueue(ticket) ? state.decide(ticket, .cancelled) : nil
      }
      continuation?.resume(returning: .cancelled)
    }
  }
}
