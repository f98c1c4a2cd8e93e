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
  public var name: String { core.name }

  @usableFromInline let core: CircuitBreakerCore

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
    let origin = clock.now
    core = CircuitBreakerCore(
      name, configuration, now: { origin.duration(to: clock.now) }, isFailure: isFailure, onChange: onChange)
  }

  /// What would happen to a call now.
  public var state: CircuitBreakerState { core.state }

  /// Probes under way.
  public var probeCount: Int { core.probeCount }

  /// The state now and after every change; the newest is kept for a slow observer.
  public var states: CircuitBreakerStates<C> { CircuitBreakerStates(breaker: self) }

  /// Calls `body` and counts how it ends, or throws a `ResilienceError` without calling it.
  ///
  /// What `body` throws is thrown on unchanged. Its permit is given back when it ends, however it ends.
  @inlinable
  public func call<T>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> T
  ) async throws -> T {
    let admitted = try core.admit()
    do {
      let value = try await body()
      core.succeeded(admitted)
      return value
    } catch {
      core.failed(admitted, with: error)
      throw error
    }
  }

  /// Refuses every call until `close()`, for maintenance or when a person knows better.
  public func isolate() { core.isolate() }

  /// Closes it, whatever it was, and forgets what it counted.
  public func close() { core.close() }
}
