import TomboloResilience

/// How many deliveries one upstream gets at once, and how many retries. A pure state machine: starts and ends in, room out;
/// times are of the monotonic clock.
///
///                 one more with each judged operation            about one more for each round
///     slow start: 1 ─▶ 2 ─▶ 4 ─▶ 8 … ──── known limit ────▶ steady, + 1 / limit ───┐
///         ▲                  │ overloaded                       ▲                  │ overloaded
///         └── an outage      └────────▶ × decreaseFactor ───────┴──────────────────┘
///
/// After an outage it starts slowly again, up to the limit that it had found out before.
package struct UpstreamPace: Sendable {
  /// How an attempt ended, as far as the upstream is concerned.
  package enum Ending: Hashable, Sendable {
    /// The upstream judged the operation: it is well.
    case judged
    /// The upstream asks for less, which it can only do while it works.
    case throttled
    /// The upstream failed.
    case failed
    /// The upstream took too long, or did not answer at all.
    case lost
    /// It says nothing about the upstream.
    case unrelated
  }

  /// The right to make one attempt, to be given back exactly once.
  package struct Pass: Hashable, Sendable {
    let upstream: String
    let startedAt: Duration
    let permit: CircuitBreakerMachine.Permit?
    let generation: Int
  }

  private var recovery: RecoveryConfiguration
  private var concurrency: Int
  /// How many may be under way during the slow start; `nil` when it is over.
  private var ramp: Int? = 1
  private var adaptive: AdaptiveLimitMachine
  private var budget: RetryBudgetAccount?
  private var breaker: CircuitBreakerMachine?
  private(set) var underWayCount = 0
  /// Changes with the breaker, so that passes of an earlier one are recognised.
  private var generation = 0

  init(_ recovery: RecoveryConfiguration, concurrency: Int) {
    self.recovery = recovery
    self.concurrency = concurrency
    adaptive = Self.adaptive(recovery, initial: concurrency, maximum: concurrency)
    budget = recovery.retryBudget.map { RetryBudgetAccount($0) }
    breaker = recovery.circuitBreaker.map { CircuitBreakerMachine($0) }
  }

  /// Takes in other limits. What is under way goes on counting, and the slow start goes on.
  mutating func reconfigure(_ recovery: RecoveryConfiguration, concurrency: Int) {
    var changed = UpstreamPace(recovery, concurrency: concurrency)
    changed.underWayCount = underWayCount
    changed.ramp = ramp.flatMap { $0 >= concurrency ? nil : $0 }
    if recovery.retryBudget == self.recovery.retryBudget { changed.budget = budget }
    changed.generation = generation + 1
    if recovery.circuitBreaker == self.recovery.circuitBreaker {
      (changed.breaker, changed.generation) = (breaker, generation)
    }
    self = changed
  }

  private static func adaptive(
    _ recovery: RecoveryConfiguration, initial: Int, maximum: Int
  ) -> AdaptiveLimitMachine {
    AdaptiveLimitMachine(
      AdaptiveLimiting("upstream", initial: initial, maximum: maximum, decreaseFactor: recovery.decreaseFactor))
  }

  /// How many deliveries that are not critical may be under way.
  var limit: Int { min(ramp ?? .max, adaptive.limit) }

  /// How many more may start now.
  var room: Int { max(0, limit - underWayCount) }

  /// How long the breaker stays open; `nil` when it does not hold anything back by itself.
  func breakerRest(at now: Duration) -> Duration? {
    guard case .open(let remaining)? = breaker?.state(at: now) else { return nil }
    return remaining
  }

  /// Whether one attempt is to find out how the upstream is.
  func isProbing(at now: Duration) -> Bool { breaker?.state(at: now) == .halfOpen }

  // MARK: - Deliveries

  mutating func reserve() { underWayCount += 1 }

  mutating func release() { underWayCount = max(0, underWayCount - 1) }

  /// Asks to make an attempt; `nil` when the breaker does not let it through.
  mutating func enter(_ upstream: String, isRetry: Bool, at now: Duration) -> Pass? {
    var permit: CircuitBreakerMachine.Permit?
    switch breaker?.admit(at: now) {
    case .refused?: return nil
    case .admitted(let given)?: permit = given
    case nil: break
    }
    if !isRetry { budget?.deposit() }
    return Pass(upstream: upstream, startedAt: now, permit: permit, generation: generation)
  }

  /// An attempt ended.
  mutating func left(_ pass: Pass, _ ending: Ending, at now: Duration) {
    if let permit = pass.permit, pass.generation == generation {
      breaker?.settle(permit, as: ending.breakerOutcome, at: now)
    }
    guard let load = ending.load else { return }
    if load == .overloaded, let present = ramp {
      // What is known of the upstream's limit is what it was called with just now.
      adaptive = Self.adaptive(recovery, initial: min(present, adaptive.limit), maximum: concurrency)
      ramp = nil
    }
    adaptive.ended(load, insideCount: underWayCount, start: pass.startedAt, now: now)
  }

  /// An operation was judged, which widens the slow start.
  mutating func judged() {
    guard let present = ramp else { return }
    ramp = present + 1 >= adaptive.limit ? nil : present + 1
  }

  // MARK: - Outages and retries

  /// The network came back: it starts slowly, and an open breaker probes at once, because what it saw may have been the
  /// outage.
  mutating func restart() {
    ramp = 1
    breaker?.probe()
  }

  /// Takes a retry from the budget, and answers how long it waits for its share at least; `nil` when there is too much
  /// ahead of it to say.
  mutating func takeRetry(at now: Duration, waitMaximum: Duration) -> Duration? {
    guard budget != nil else { return .zero }
    return budget?.reserve(at: now, waitMaximum: waitMaximum)
  }
}

extension UpstreamPace.Ending {
  fileprivate var breakerOutcome: CircuitBreakerMachine.Outcome {
    switch self {
    case .judged: .succeeded
    case .failed, .lost: .failed
    case .throttled, .unrelated: .ignored
    }
  }

  fileprivate var load: AdaptiveLimitMachine.Ending? {
    switch self {
    case .judged: .fine
    case .throttled, .lost: .overloaded
    case .failed, .unrelated: nil
    }
  }
}
