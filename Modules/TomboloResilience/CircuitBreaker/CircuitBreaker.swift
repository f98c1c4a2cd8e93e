private import Synchronization

/// Stops calling what keeps failing, and finds out by itself when it works again.
///
/// **About.** While the share of failed calls stays below the limit the breaker is closed and only counts. Above it, calls are
/// refused at once with a `ResilienceError`, which spares the caller a time-out and the outside a crowd. After a while a
/// few probes go through; enough successes close it, one failure opens it again.
///
/// **Usage.** One breaker for each thing that fails by itself, kept as long as the program runs:
///
///     let breaker = CircuitBreaker("billing", CircuitBreakerConfiguration(failureRatio: 0.5))
///     let invoice = try await breaker.call { try await client.invoice(id) }
///
/// **Defaults.** Those of `CircuitBreakerConfiguration`: half of at least 20 among the last 100 calls, 30 seconds, one probe.
/// Every thrown error is a failure but `CancellationError`; whatever is thrown in a cancelled task counts as neither.
///
/// **Diagram.**
///
///                failures reach the ratio
///        closed ─────────────────────────▶ open ◀──┐
///          ▲                                │      │ a probe fails
///          │ enough probes succeed          │ openDuration is over
///          └───────────────────────────── halfOpen ┘
///
///     isolate(): from anywhere to isolated, until close().
///
/// **Anti-patterns.** One breaker for many servers: one bad server then takes the good ones with it. Counting a refusal such as
/// HTTP 404 as a failure: the caller's mistakes then close the door for everybody; say so in `isFailure`. A body without a
/// time limit: a probe that never ends keeps its permit, because only its end tells anything.
public final class CircuitBreaker<C: Clock>: Sendable where C.Duration == Duration {
  /// What the breaker guards, for messages.
  public let name: String

  private let clock: C
  private let origin: C.Instant
  private let isFailure: @Sendable (any Error) -> Bool
  private let slowCallDuration: Duration?
  private let onChange: (@Sendable (CircuitBreakerState, CircuitBreakerState) -> Void)?
  private let shared: Mutex<Shared>

  private struct Shared {
    var machine: CircuitBreakerMachine
    /// The state after the last change.
    var told = CircuitBreakerState.closed
    var observers: [UInt64: AsyncStream<Void>.Continuation] = [:]
    var lastObserver: UInt64 = 0
  }

  /// A closed breaker. `isFailure` says which errors speak against what is guarded; the others count as successes, because
  /// there was an answer. A refusal by another policy counts as neither, because nothing was asked.
  public convenience init(
    _ name: String,
    _ configuration: CircuitBreakerConfiguration = CircuitBreakerConfiguration(),
    clock: C = ContinuousClock(),
    isFailure: @escaping @Sendable (any Error) -> Bool = { _ in true }
  ) {
    self.init(name, configuration, clock: clock, isFailure: isFailure, onChange: nil)
  }

  /// A closed breaker that calls `onChange` with the state before and after each change, outside its lock.
  init(
    _ name: String, _ configuration: CircuitBreakerConfiguration, clock: C,
    isFailure: @escaping @Sendable (any Error) -> Bool,
    onChange: (@Sendable (CircuitBreakerState, CircuitBreakerState) -> Void)?
  ) {
    self.name = name
    self.clock = clock
    self.origin = clock.now
    self.isFailure = isFailure
    self.onChange = onChange
    self.slowCallDuration = configuration.slowCallDuration
    self.shared = Mutex(Shared(machine: CircuitBreakerMachine(configuration)))
  }

  /// What would happen to a call now.
  public var state: CircuitBreakerState {
    shared.withLock { $0.machine.state(at: now) }
  }

  /// Probes under way.
  public var probeCount: Int {
    shared.withLock { $0.machine.probeCount }
  }

  /// The state now and after every change; the newest is kept for a slow observer.
  public var states: CircuitBreakerStates<C> { CircuitBreakerStates(breaker: self) }

  /// Calls `body` and counts how it ends, or throws a `ResilienceError` without calling it.
  ///
  /// What `body` throws is thrown on unchanged. Its permit is given back when it ends, however it ends.
  public func call<T>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> T
  ) async throws -> T {
    let admitted = try admit()
    return try await call(admitted, isolation: isolation, body)
  }

  /// The right to make one call, and when it was given.
  struct Admitted {
    let permit: CircuitBreakerMachine.Permit
    let start: Duration
  }

  /// Asks for a permit. Whoever gets one goes on to `call(_:isolation:_:)` without a detour.
  func admit() throws(ResilienceError) -> Admitted {
    let start = now
    switch update(at: start, { $0.admit(at: start) }) {
    case .admitted(let permit): return Admitted(permit: permit, start: start)
    case .refused(let state): throw refusal(state)
    }
  }

  func call<T>(
    _ admitted: Admitted, isolation: isolated (any Actor)?, _ body: () async throws -> T
  ) async throws -> T {
    do {
      let value = try await body()
      settle(admitted, as: .succeeded)
      return value
    } catch {
      settle(admitted, as: outcome(of: error))
      throw error
    }
  }

  /// Refuses every call until `close()`, for maintenance or when a person knows better.
  public func isolate() {
    update(at: now) { $0.isolate() }
  }

  /// Closes it, whatever it was, and forgets what it counted.
  public func close() {
    update(at: now) { $0.close() }
  }

  private var now: Duration { origin.duration(to: clock.now) }

  private func settle(_ admitted: Admitted, as outcome: CircuitBreakerMachine.Outcome) {
    let end = now
    let isSlow = slowCallDuration.map { end - admitted.start >= $0 } ?? false
    update(at: end) { $0.settle(admitted.permit, as: outcome, isSlow: isSlow, at: end) }
  }

  /// Changes the machine, and tells of a change of state once the lock is free.
  private func update<R: Sendable>(
    at now: Duration, _ body: (inout CircuitBreakerMachine) -> R
  ) -> R {
    let (result, change) = shared.withLock { shared -> (R, Change?) in
      let period = shared.machine.period
      let result = body(&shared.machine)
      guard shared.machine.period != period else { return (result, nil) }
      let state = shared.machine.state(at: now)
      guard state != shared.told else { return (result, nil) }
      let change = Change(from: shared.told, to: state, observers: Array(shared.observers.values))
      shared.told = state
      return (result, change)
    }
    if let change {
      onChange?(change.from, change.to)
      for observer in change.observers { observer.yield() }
    }
    return result
  }

  private struct Change {
    let from: CircuitBreakerState
    let to: CircuitBreakerState
    let observers: [AsyncStream<Void>.Continuation]
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
    // Another policy refused inside: nothing was asked, so there is nothing to learn.
    if error is ResilienceError { return .ignored }
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
