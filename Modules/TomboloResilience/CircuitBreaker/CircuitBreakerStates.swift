/// The state of a circuit breaker now, and after every change. A slow observer misses what lies between, never the newest.
///
/// That an open breaker may probe again is no change until somebody calls.
public struct CircuitBreakerStates<C: Clock>: AsyncSequence, Sendable where C.Duration == Duration {
  /// A state.
  public typealias Element = CircuitBreakerState
  let breaker: CircuitBreaker<C>

  /// Begins to observe.
  public func makeAsyncIterator() -> Iterator {
    Iterator(breaker: breaker, ticks: breaker.core.ticks().makeAsyncIterator())
  }

  /// Gives the states.
  public struct Iterator: AsyncIteratorProtocol {
    let breaker: CircuitBreaker<C>
    // A tick only says that something changed; the state is read when it is asked for, so that it is never an old one.
    var ticks: AsyncStream<Void>.Iterator

    /// The state now, then the state after the next change; `nil` once the task is cancelled.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async -> CircuitBreakerState? {
      guard await ticks.next(isolation: actor) != nil else { return nil }
      return breaker.state
    }

    /// The state now, then the state after the next change; `nil` once the task is cancelled.
    public mutating func next() async -> CircuitBreakerState? {
      guard await ticks.next() != nil else { return nil }
      return breaker.state
    }
  }
}
