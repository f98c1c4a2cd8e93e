import Synchronization
import TomboloPorts

/// One delivery, from the moment its handler may be called. An object, because it is handed on several times.
final class Delivery: Sendable {
  let claimed: ClaimedOperation
  let upstream: String
  let pass: UpstreamPace.Pass
  /// Whether it is the one that finds out how its upstream is.
  let isProbe: Bool
  let attempt: DeliveryAttempt
  let interruption: Interruption

  init(
    claimed: ClaimedOperation, upstream: String, pass: UpstreamPace.Pass, isProbe: Bool, attempt: DeliveryAttempt,
    interruption: Interruption
  ) {
    self.claimed = claimed
    self.upstream = upstream
    self.pass = pass
    self.isProbe = isProbe
    self.attempt = attempt
    self.interruption = interruption
  }
}

/// Deliveries whose handlers were interrupted, and what they answered: their own tasks are cancelled, so another one does what is
/// left. No more than there are deliveries under way.
final class InterruptedDeliveries: Sendable {
  typealias Entry = (delivery: Delivery, outcome: DeliveryOutcome?)

  private let state = Mutex((isOpen: false, entries: [Entry]()))
  private let arrived = WakeSignal()

  /// From now on there is somebody to take what is handed over.
  func open() {
    state.withLock { $0.isOpen = true }
  }

  /// Answers whether it will be taken; otherwise whoever has it goes on by himself.
  func hand(_ delivery: Delivery, _ outcome: DeliveryOutcome?) -> Bool {
    let isTaken = state.withLock { state in
      if state.isOpen { state.entries.append((delivery, outcome)) }
      return state.isOpen
    }
    if isTaken { arrived.signal() }
    return isTaken
  }

  /// Waits for the next, or until the task is cancelled.
  func next() async -> [Entry] {
    await arrived.wait()
    return take()
  }

  /// Nobody takes anything any more; answers with what is left.
  func close() -> [Entry] {
    state.withLock { $0.isOpen = false }
    return take()
  }

  private func take() -> [Entry] {
    state.withLock { state in
      defer { state.entries.removeAll() }
      return state.entries
    }
  }
}
