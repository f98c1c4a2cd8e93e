/// What a chaos policy did to a call.
public enum ChaosEffect: Hashable, Sendable {
  /// The call was not made, and failed.
  case fault
  /// The call was made this much later.
  case latency(Duration)
  /// The call was made, and its success was reported as a failure: the answer that gets lost on the way back.
  case lostOutcome
}

/// What a chaos policy throws. The outcome is unknown, as it would be.
public struct ChaosError: Error, Hashable, Sendable, ClassifiedFailure, CustomStringConvertible {
  /// Whether the call was made.
  public let effect: ChaosEffect
  /// A fault may pass; after a lost outcome nobody knows.
  public var failureClass: FailureClass { effect == .lostOutcome ? .outcomeUnknown : .transient }
  /// Says that it was on purpose.
  public var description: String { "a failure was injected by the chaos policy (\(effect))" }
}

/// Makes calls fail, hang and lose their answers on purpose, for tests and drills.
///
/// **About.** Draws for each attempt, from the environment's generator or, with a `seed`, from one of its own: the same seed
/// gives the first attempt the same fate, the second the same, and so on, whatever else draws. **Usage.** Innermost, so that every other policy meets what it makes:
///
///     Chaos(faultRate: 0.1, latencyRate: 0.2, latency: .seconds(2))
///
/// **Defaults.** Nothing happens: every rate is zero. No seed. **Telemetry.** `chaosInjected`.
/// **Anti-patterns.** In production without a way to switch it off.
public struct Chaos: ResiliencePolicy, Hashable {
  /// The share of calls that fail without being made.
  public var faultRate: Double
  /// The share of calls that are made later.
  public var latencyRate: Double
  /// How much later.
  public var latency: Duration
  /// The share of successful calls whose answer is lost.
  public var lostOutcomeRate: Double
  /// Makes it happen again in the same way; `nil` draws from the environment's generator. Where the sequence stands is kept by
  /// the pipeline's name: a pipeline that is built again in the same environment goes on with it, one with another chaos
  /// begins anew.
  public var seed: UInt64?

  /// Rates between 0 and 1.
  public init(
    faultRate: Double = 0, latencyRate: Double = 0, latency: Duration = .seconds(1), lostOutcomeRate: Double = 0,
    seed: UInt64? = nil
  ) {
    self.faultRate = faultRate
    self.latencyRate = latencyRate
    self.latency = max(.zero, latency)
    self.lostOutcomeRate = lostOutcomeRate
    self.seed = seed
  }

  /// The rates, and the seed if there is one.
  public var summaries: [PolicySummary] {
    let seedText = seed.map { ", seed: \($0)" } ?? ""
    return [
      PolicySummary(
        .chaos, "faults: \(faultRate), latency: \(latencyRate) of \(latency), lost: \(lostOutcomeRate)\(seedText)")
    ]
  }

  /// Takes clock and generator.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundChaos {
    let generator = seed.map { seed in
      environment.states.state("chaos", pipeline, self) { ChaosGenerator(seed: seed) }
    }
    return BoundChaos(policy: self, environment: environment, pipeline: pipeline, generator: generator)
  }
}

/// A chaos policy with its clock and generator.
public struct BoundChaos: SequentialPolicy {
  let policy: Chaos
  let environment: ResilienceEnvironment
  let pipeline: String
  let generator: ChaosGenerator?

  /// Runs `body`, or does not.
  public func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?,
    _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    // All three are drawn for every call, so that changing one rate does not move the others.
    let draws =
      generator?.draw()
      ?? environment.draw { random in
        (
          Double.random(in: 0..<1, using: &random), Double.random(in: 0..<1, using: &random),
          Double.random(in: 0..<1, using: &random)
        )
      }
    let (isLate, isFaulty, isLost) = (
      draws.0 < policy.latencyRate, draws.1 < policy.faultRate, draws.2 < policy.lostOutcomeRate
    )
    if isLate {
      tell(.latency(policy.latency))
      try await environment.clock.sleep(until: environment.clock.now.advanced(by: policy.latency))
    }
    if isFaulty { throw injected(.fault) }
    let value = try await body(attempt)
    if isLost { throw injected(.lostOutcome) }
    return value
  }

  private func injected(_ effect: ChaosEffect) -> ChaosError {
    tell(effect)
    return ChaosError(effect: effect)
  }

  private func tell(_ effect: ChaosEffect) {
    environment.tell(.chaosInjected(effect), policy: "chaos", pipeline: pipeline)
  }
}
