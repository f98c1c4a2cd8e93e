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
  private let machine: Mutex<CircuitBreakerMachine>

  /// A closed breaker. `isFailure` says which errors speak against what is guarded; the others count as successes, because
  /// there was an answer.
  public init(
    _ name: String,
    _ configuration: CircuitBreakerConfiguration = CircuitBreakerConfiguration(),
    clock: C = ContinuousClock(),
    isFailure: @escaping @Sendable (any Error) -> Bool = { _ in true }
  ) {
    self.name = name
    self.clock = clock
    self.origin = clock.now
    self.isFailure = isFailure
    self.machine = Mutex(CircuitBreakerMachine(configuration))
  }

  /// What would happen to a call now.
  public var state: CircuitBreakerState {
    machine.withLock { $0.state(at: now) }
  }

  /// Probes under way.
  public var probeCount: Int {
    machine.withLock { $0.probeCount }
  }

  /// Calls `body` and counts how it ends, or throws a `ResilienceError` without calling it.
  ///
  /// What `body` throws is thrown on unchanged. Its permit is given back when it ends, however it ends.
  public func call<T>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> T
  ) async throws -> T {
    let permit: CircuitBreakerMachine.Permit
    switch machine.withLock({ $0.admit(at: now) }) {
    case .admitted(let admitted): permit = admitted
    case .refused(let state): throw refusal(state)
    }
    do {
      let value = try await body()
      settle(permit, as: .succeeded)
      return value
    } catch {
      settle(permit, as: outcome(of: error))
      throw error
    }
  }

  /// Refuses every call until `close()`, for maintenance or when a person knows better.
  public func isolate() {
    machine.withLock { $0.isolate() }
  }

  /// Closes it, whatever it was, and forgets what it counted.
  public func close() {
    machine.withLock { $0.close() }
  }

  private var now: Duration { origin.duration(to: clock.now) }

  private func settle(_ permit: CircuitBreakerMachine.Permit, as outcome: CircuitBreakerMachine.Outcome) {
    machine.withLock { $0.settle(permit, as: outcome, at: now) }
  }

  private func outcome(of error: any Error) -> CircuitBreakerMachine.Outcome {
    // A client that is cancelled often throws an error of its own: it is the caller's doing all the same.
    if error is CancellationError || Task.isCancelled { return .ignored }
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
