private import Synchronization

/// Joins callers that want the same thing at the same time: one call is made, and everybody gets its answer.
///
/// **About.** The first caller of a key starts the call, later ones join it. A caller that is cancelled leaves alone; when the
/// last one leaves, the call is cancelled. Nothing is kept once the call has ended: this is no cache.
///
/// **Usage.**
///
///     let flights = SingleFlight<AccountID, Account>()
///     let account = try await flights.run(id) { try await client.account(id) }
///
/// **Defaults.** None. **Telemetry.** None: `joinedCount` tells how many wait for a key.
///
/// **Diagram.**
///
///     first caller ─▶ starts ─┬▶ call ends ─▶ every caller has its answer
///     later callers ─▶ join  ─┘
///     a caller is cancelled ─▶ leaves;  the last one leaves ─▶ the call is cancelled
///
/// **Anti-patterns.** Around calls that write. A key that says less than the answer depends on, such as a path without the
/// user: one user then gets another's answer.
public final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private enum Waiter {
    case joining
    case suspended(CheckedContinuation<Value, any Error>)
  }

  private struct Flight {
    let number: UInt64
    var task: Task<Void, Never>?
    var waiters: [UInt64: Waiter] = [:]
  }

  private struct State {
    var flights: [Key: Flight] = [:]
    /// Answers for those who joined and were not yet suspended when the call ended.
    var decided: [UInt64: Result<Value, any Error>] = [:]
    var lastNumber: UInt64 = 0

    mutating func number() -> UInt64 {
      lastNumber += 1
      return lastNumber
    }
  }

  private let state = Mutex(State())

  /// Nobody calls yet.
  public init() {}

  /// How many callers wait for the call of this key.
  public func joinedCount(_ key: Key) -> Int { state.withLock { $0.flights[key]?.waiters.count ?? 0 } }

  /// The answer of the call for `key`, which is made by `body` unless it is under way already.
  ///
  /// - Throws: what the call throws, to every caller; `CancellationError` to one that was cancelled.
  public func run(_ key: Key, _ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let (flight, waiter) = join(key, body)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let answer: Result<Value, any Error>? = state.withLock { state in
          if let answer = state.decided.removeValue(forKey: waiter) { return answer }
          state.flights[key]?.waiters[waiter] = .suspended(continuation)
          return nil
        }
        if let answer { continuation.resume(with: answer) }
      }
    } onCancel: {
      leave(key, flight: flight, waiter: waiter)
    }
  }

  private func join(_ key: Key, _ body: @escaping @Sendable () async throws -> Value) -> (UInt64, UInt64) {
    state.withLock { state in
      let waiter = state.number()
      if let flight = state.flights[key] {
        state.flights[key]?.waiters[waiter] = .joining
        return (flight.number, waiter)
      }
      var flight = Flight(number: state.number())
      flight.waiters[waiter] = .joining
      let number = flight.number
      // Unstructured, because the call outlives a caller that leaves. It is bound all the same: it ends for the last
      // caller, or is cancelled by the last one that leaves.
      flight.task = Task {
        let answer: Result<Value, any Error>
        do { answer = .success(try await body()) } catch { answer = .failure(error) }
        self.land(key, flight: number, with: answer)
      }
      state.flights[key] = flight
      return (number, waiter)
    }
  }

  /// The call has ended: everybody gets its answer.
  private func land(_ key: Key, flight number: UInt64, with answer: Result<Value, any Error>) {
    let suspended: [CheckedContinuation<Value, any Error>] = state.withLock { state in
      guard let flight = state.flights[key], flight.number == number else { return [] }
      state.flights[key] = nil
      return flight.waiters.compactMap { waiter, how in
        if case .suspended(let continuation) = how { return continuation }
        state.decided[waiter] = answer
        return nil
      }
    }
    for continuation in suspended { continuation.resume(with: answer) }
  }

  /// A caller was cancelled.
  private func leave(_ key: Key, flight number: UInt64, waiter: UInt64) {
    let (continuation, abandoned): (CheckedContinuation<Value, any Error>?, Task<Void, Never>?) = state.withLock {
      state in
      // When the call has ended already its answer counts.
      guard var flight = state.flights[key], flight.number == number,
        let how = flight.waiters.removeValue(forKey: waiter)
      else { return (nil, nil) }
      state.flights[key] = flight.waiters.isEmpty ? nil : flight
      let abandoned = flight.waiters.isEmpty ? flight.task : nil
      if case .suspended(let continuation) = how { return (continuation, abandoned) }
      state.decided[waiter] = .failure(CancellationError())
      return (nil, abandoned)
    }
    abandoned?.cancel()
    continuation?.resume(throwing: CancellationError())
  }
}
