private import Synchronization

/// The circuit breaker with its lock and without the type of its clock.
///
/// A call through a closed breaker reads one atomic number to get in, and takes the lock once to be counted. Nobody asks what
/// time it is unless slow calls or a window of time are configured, or the breaker is about to open.
@usableFromInline
final class CircuitBreakerCore: Sendable {
  /// The right to make one call, and when it was given.
  @usableFromInline
  struct Admitted: Sendable {
    let permit: CircuitBreakerMachine.Permit
    /// Zero when nobody cares how long the call takes.
    let start: Duration
  }

  let name: String
  private let now: @Sendable () -> Duration
  private let isFailure: @Sendable (any Error) -> Bool
  private let slowCallDuration: Duration?
  private let onChange: (@Sendable (CircuitBreakerState, CircuitBreakerState) -> Void)?
  /// The period plus one while the breaker is closed, otherwise 0. Written under the lock.
  private let closedPeriod = Atomic<UInt64>(1)
  private let shared: Mutex<Shared>

  private struct Shared {
    var machine: CircuitBreakerMachine
    /// The state after the last change.
    var told = CircuitBreakerState.closed
    var observers: [UInt64: AsyncStream<Void>.Continuation] = [:]
    var lastObserver: UInt64 = 0
  }

  private struct Change {
    let from: CircuitBreakerState
    let to: CircuitBreakerState
    let observers: [AsyncStream<Void>.Continuation]
  }

  /// `now` tells the time since any moment. `onChange` is called with the state before and after each change, outside the lock.
  init(
    _ name: String, _ configuration: CircuitBreakerConfiguration, now: @escaping @Sendable () -> Duration,
    isFailure: @escaping @Sendable (any Error) -> Bool,
    onChange: (@Sendable (CircuitBreakerState, CircuitBreakerState) -> Void)?
  ) {
    self.name = name
    self.now = now
    self.isFailure = isFailure
    self.onChange = onChange
    self.slowCallDuration = configuration.slowCallDuration
    self.shared = Mutex(Shared(machine: CircuitBreakerMachine(configuration)))
  }

  var state: CircuitBreakerState {
    let now = now()
    return shared.withLock { $0.machine.state(at: now) }
  }

  var probeCount: Int { shared.withLock { $0.machine.probeCount } }

  /// Asks for a permit. Whoever gets one settles it exactly once.
  @usableFromInline
  func admit() throws(ResilienceError) -> Admitted {
    let period = closedPeriod.load(ordering: .acquiring)
    guard period == 0 else {
      return Admitted(permit: .init(closedPeriod: period - 1), start: slowCallDuration == nil ? .zero : now())
    }
    return try admitProbe()
  }

  private func admitProbe() throws(ResilienceError) -> Admitted {
    let start = now()
    var admission = CircuitBreakerMachine.Admission.refused(.closed)
    update(at: start) { admission = $0.admit(at: start) }
    switch admission {
    case .admitted(let permit): return Admitted(permit: permit, start: start)
    case .refused(let state): throw refusal(state)
    }
  }

  /// The call came back with a value.
  @usableFromInline
  func succeeded(_ admitted: Admitted) { settle(admitted, as: .succeeded) }

  /// The call threw this error.
  @usableFromInline
  func failed(_ admitted: Admitted, with error: any Error) { settle(admitted, as: outcome(of: error)) }

  private func settle(_ admitted: Admitted, as outcome: CircuitBreakerMachine.Outcome) {
    guard let slowCallDuration else {
      // Asked for once, when it is needed: a change must be judged at the moment at which it was made.
      var end: Duration?
      func whenNeeded() -> Duration {
        let now = end ?? now()
        end = now
        return now
      }
      return update(at: whenNeeded()) { $0.settle(admitted.permit, as: outcome, at: whenNeeded()) }
    }
    let end = now()
    update(at: end) {
      $0.settle(admitted.permit, as: outcome, isSlow: end - admitted.start >= slowCallDuration, at: end)
    }
  }

  /// Refuses every call until `close()`.
  func isolate() { update(at: now()) { $0.isolate() } }

  /// Closes it, whatever it was, and forgets what it counted.
  func close() { update(at: now()) { $0.close() } }

  /// Changes the machine, and tells of a change of state once the lock is free. The time is asked for only after a change.
  private func update(at now: @autoclosure () -> Duration, _ body: (inout CircuitBreakerMachine) -> Void) {
    let change = shared.withLock { shared -> Change? in
      let period = shared.machine.period
      body(&shared.machine)
      guard shared.machine.period != period else { return nil }
      closedPeriod.store(shared.machine.isClosed ? shared.machine.period + 1 : 0, ordering: .releasing)
      let state = shared.machine.state(at: now())
      guard state != shared.told else { return nil }
      let change = Change(from: shared.told, to: state, observers: Array(shared.observers.values))
      shared.told = state
      return change
    }
    guard let change else { return }
    onChange?(change.from, change.to)
    for observer in change.observers { observer.yield() }
  }

  /// One element at once, and one after each change that the observer has not seen yet.
  func ticks() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let number = shared.withLock { shared in
      shared.lastObserver += 1
      shared.observers[shared.lastObserver] = continuation
      return shared.lastObserver
    }
    continuation.onTermination = { [weak self] _ in
      self?.shared.withLock { $0.observers[number] = nil }
    }
    continuation.yield()
    return stream
  }

  private func outcome(of error: any Error) -> CircuitBreakerMachine.Outcome {
    // A client that is cancelled often throws an error of its own: it is the caller's doing all the same.
    if error is CancellationError || Task.isCancelled { return .ignored }
    // What a retry inside gave up with is what its last attempt met.
    if let given = error as? RetryError { return outcome(of: given.lastError) }
    // Another policy refused inside: nothing was asked, so there is nothing to learn.
    if error is ResilienceError { return .ignored }
    if let known = error as? any ClassifiedFailure, known.failureClass == .cancelled { return .ignored }
    return isFailure(error) ? .failed : .succeeded
  }

  private func refusal(_ state: CircuitBreakerState) -> ResilienceError {
    switch state {
    case .open(let remaining):
      ResilienceError(
        .circuitOpen, "\(name) is not called: its circuit breaker is open for another \(remaining)",
        retryAfter: remaining)
    case .isolated:
      ResilienceError(.circuitIsolated, "\(name) is not called: its circuit breaker was opened by hand")
    case .halfOpen, .closed:
      ResilienceError(.circuitProbing, "\(name) is not called: its circuit breaker is probing whether it works again")
    }
  }
}
