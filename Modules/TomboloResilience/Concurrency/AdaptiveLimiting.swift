private import Synchronization

/// A bulkhead that finds its limit by itself.
///
/// **About.** While calls come back in time the limit grows by about one a round; a time-out, a throttling answer or a call
/// slower than `slowCallDuration` cuts it. Other failures change nothing: a 404 says nothing about load.
///
/// **Usage.** `AdaptiveLimiting("billing", maximum: 200, slowCallDuration: .seconds(1))`, above `AttemptTimeout`.
///
/// **Defaults.** From 20, between 1 and 200 places, cut to nine tenths, no queue, no call is slow. **Telemetry.**
/// `limitChanged`, `refused`. **Diagram.** As for `Bulkhead`. **Anti-patterns.** In front of a service whose answers differ by nature between a
/// millisecond and a minute: its slow calls are no overload.
public struct AdaptiveLimiting: ResiliencePolicy, Hashable {
  /// The places are shared by every pipeline of the environment with this name.
  public var name: String
  /// The limit at the beginning.
  public var initial: Int
  /// The limit never falls below; at least 1.
  public var minimum: Int
  /// The limit never grows above.
  public var maximum: Int
  /// What a sign of overload multiplies the limit by; between 0.1 and 0.99.
  public var decreaseFactor: Double
  /// A call that takes at least this long is a sign of overload; `nil` for none.
  public var slowCallDuration: Duration?
  /// Calls that may wait.
  public var queueMaximum: Int

  /// Values that make no sense are moved to the nearest that do.
  public init(
    _ name: String, initial: Int = 20, minimum: Int = 1, maximum: Int = 200, decreaseFactor: Double = 0.9,
    slowCallDuration: Duration? = nil, queueMaximum: Int = 0
  ) {
    self.name = name
    self.minimum = max(1, minimum)
    self.maximum = max(self.minimum, maximum)
    self.initial = min(self.maximum, max(self.minimum, initial))
    self.decreaseFactor = decreaseFactor.isNaN ? 0.9 : min(0.99, max(0.1, decreaseFactor))
    self.slowCallDuration = slowCallDuration
    self.queueMaximum = max(0, queueMaximum)
  }

  /// Name and range.
  public var summaries: [PolicySummary] {
    [PolicySummary(.adaptiveLimit, "\(name), \(minimum)...\(maximum), queue: \(queueMaximum)")]
  }

  /// Finds the places by their name.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundAdaptiveLimiting {
    let shared = environment.states.state("adaptiveLimit", name, self) { SharedAdaptiveLimit(self) }
    return BoundAdaptiveLimiting(policy: self, shared: shared, environment: environment, pipeline: pipeline)
  }
}

/// The places and the machine that changes their number.
package final class SharedAdaptiveLimit: Sendable {
  package let gate: ConcurrencyGate
  private let machine: Mutex<AdaptiveLimitMachine>

  package init(_ configuration: AdaptiveLimiting) {
    gate = ConcurrencyGate(limit: configuration.initial, queueMaximum: configuration.queueMaximum)
    machine = Mutex(AdaptiveLimitMachine(configuration))
  }

  /// Gives a place back; answers the limit before and after.
  package func depart(_ ending: AdaptiveLimitMachine.Ending, start: Duration, now: Duration) -> (Int, Int) {
    let insideCount = gate.insideCount
    let (before, after) = machine.withLock { machine in
      let before = machine.limit
      machine.ended(ending, insideCount: insideCount, start: start, now: now)
      return (before, machine.limit)
    }
    if before == after { gate.depart() } else { gate.depart { machine.withLock { $0.limit } } }
    return (before, after)
  }
}

/// An adaptive limit with its places.
public struct BoundAdaptiveLimiting: SequentialPolicy {
  let policy: AdaptiveLimiting
  let shared: SharedAdaptiveLimit
  let environment: ResilienceEnvironment
  let pipeline: String

  /// Runs `body` in one of the places, and learns from how it ends.
  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    guard try await shared.gate.enter(attempt.priority, isolation: isolation) else {
      environment.tell(.refused(.bulkheadFull), policy: policy.name, pipeline: pipeline)
      throw ResilienceError(
        .bulkheadFull, "\(policy.name) is not called: all \(shared.gate.limit) places it bears at present are taken")
    }
    let start = environment.clock.now
    do {
      let value = try await body(attempt)
      depart(.fine, since: start)
      return value
    } catch {
      depart(ending(of: error), since: start)
      throw error
    }
  }

  private func ending(of error: any Error) -> AdaptiveLimitMachine.Ending {
    if Task.isCancelled { return .unrelated }
    // What a retry inside gave up with is what its last attempt met.
    let error = (error as? RetryError)?.lastError ?? error
    // Final for the call when it is the total limit, and still too slow.
    if error is TimeoutError { return .overloaded }
    return switch StandardFailureClassifier().classify(error) {
    case .throttled, .outcomeUnknown: .overloaded
    case .transient, .permanent, .cancelled: .unrelated
    }
  }

  private func depart(_ ending: AdaptiveLimitMachine.Ending, since start: ResilienceClock.Instant) {
    let now = environment.clock.now
    let isSlow = policy.slowCallDuration.map { start.duration(to: now) >= $0 } ?? false
    let (before, after) = shared.depart(
      isSlow && ending == .fine ? .overloaded : ending, start: start.sinceStart, now: now.sinceStart)
    if before != after {
      environment.tell(.limitChanged(from: before, to: after), policy: policy.name, pipeline: pipeline)
    }
  }
}
