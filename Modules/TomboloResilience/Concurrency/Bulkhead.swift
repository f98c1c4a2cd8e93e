/// Limits how many calls are under way at once, so that one slow dependency cannot take every thread and connection.
///
/// **About.** A call takes a place and gives it back however it ends. When all are taken it waits in a bounded queue, higher
/// priority first; when that is full too it is refused with `bulkheadFull`, or takes the place of a lower priority.
/// Cancellation ends the wait at once.
///
/// **Usage.** `Bulkhead("billing", limit: 10, queueMaximum: 50)`; a call says its priority in `run(priority:)`.
///
/// **Defaults.** No queue. **Telemetry.** `refused`.
///
/// **Diagram.**
///
///     call ─▶ room? ─ yes ─▶ inside ─▶ leaves, the next enters
///               └ no ─▶ room in the queue? ─ yes ─▶ waits
///                                            └ no ─▶ bulkheadFull
///
/// **Anti-patterns.** A long queue in front of people. Inside an attempt's time limit, where waiting counts as being slow.
public struct Bulkhead: ResiliencePolicy, Hashable {
  /// The places are shared by every pipeline of the environment with a bulkhead of this name.
  public var name: String
  /// Calls under way at once; at least 1.
  public var limit: Int
  /// Calls that may wait.
  public var queueMaximum: Int

  /// A bulkhead with so many places.
  public init(_ name: String, limit: Int, queueMaximum: Int = 0) {
    self.name = name
    self.limit = max(1, limit)
    self.queueMaximum = max(0, queueMaximum)
  }

  /// Name and sizes.
  public var summaries: [PolicySummary] {
    [PolicySummary(.bulkhead, "\(name), limit: \(limit), queue: \(queueMaximum)")]
  }

  /// Finds the places by their name.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundBulkhead {
    let gate = environment.states.state("bulkhead", name, self) {
      ConcurrencyGate(limit: limit, queueMaximum: queueMaximum)
    }
    return BoundBulkhead(name: name, gate: gate, environment: environment, pipeline: pipeline)
  }
}

/// A bulkhead with its places.
public struct BoundBulkhead: SequentialPolicy {
  let name: String
  @usableFromInline let gate: ConcurrencyGate
  let environment: ResilienceEnvironment
  let pipeline: String

  /// Runs `body` in one of the places.
  @inlinable
  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    if !gate.enterAtOnce() { try await waitForPlace(attempt.priority, isolation: isolation) }
    defer { gate.depart() }
    return try await body(attempt)
  }

  /// Returns inside, or refuses.
  @usableFromInline
  func waitForPlace(_ priority: CallPriority, isolation: isolated (any Actor)?) async throws {
    guard try await gate.enter(priority, isolation: isolation) else {
      environment.tell(.refused(.bulkheadFull), policy: name, pipeline: pipeline)
      throw ResilienceError(
        .bulkheadFull, "\(name) is not called: all \(gate.limit) places of its bulkhead and its queue are taken")
    }
  }
}
