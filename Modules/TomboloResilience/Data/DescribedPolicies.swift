/// Policies whose types are known only when the program runs, as they come out of a configuration. They cost one allocation
/// for each policy and call, beside what a policy itself allocates (`Tools/Benchmarks/allocations` counts it); their body must be
/// `@Sendable`, because one of them may be a hedge.
public struct DescribedPolicies: ResiliencePolicy {
  private let policies: [any ResiliencePolicy]

  /// Policies, outermost first.
  public init(_ policies: [any ResiliencePolicy]) { self.policies = policies }

  /// Makes policies of their descriptions; a policy without a `name` option takes `name`.
  ///
  /// - Throws: `PolicyDescriptionError` with every unknown type, unknown option and wrong value.
  public init(_ descriptions: [PolicyDescription], name: String) throws {
    var problems: [PolicyDescriptionError.Problem] = []
    policies = descriptions.enumerated().compactMap { index, description in
      var options = PolicyOptions(description, at: index)
      let policy = Self.policy(&options, name: name)
      if policy != nil { options.finish() }
      problems += options.problems
      return policy
    }
    guard problems.isEmpty else { throw PolicyDescriptionError(pipeline: name, problems: problems) }
  }

  /// The policy of one description.
  ///
  /// - Parameter name: Its name when its options give it none.
  /// - Throws: `PolicyDescriptionError` with an unknown type, every unknown option and every wrong value.
  public static func policy(_ description: PolicyDescription, name: String) throws -> any ResiliencePolicy {
    var options = PolicyOptions(description, at: 0)
    let policy = Self.policy(&options, name: name)
    if policy != nil { options.finish() }
    guard let policy, options.problems.isEmpty else {
      throw PolicyDescriptionError(pipeline: name, problems: options.problems)
    }
    return policy
  }

  /// Those of all policies.
  public var summaries: [PolicySummary] { policies.flatMap(\.summaries) }

  /// Binds them all.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundDescribedPolicies {
    func bound(_ policy: some ResiliencePolicy) -> any BoundPolicy { policy.bind(to: environment, pipeline: pipeline) }
    return BoundDescribedPolicies(policies: policies.map { bound($0) })
  }

  private static func policy(_ options: inout PolicyOptions, name standardName: String) -> (any ResiliencePolicy)? {
    switch PolicySummary.Kind(rawValue: options.description.type) {
    case .totalTimeout: return TotalTimeout(options.requiredDuration("limit"))
    case .attemptTimeout:
      let limit = options.requiredDuration("limit")
      return options.flag("abandon") ? AbandoningTimeout(limit) as any ResiliencePolicy : AttemptTimeout(limit)
    case .retry: return retry(&options, name: standardName)
    case .circuitBreaker:
      return CircuitBreaking(
        options.text("name", default: standardName),
        CircuitBreakerConfiguration(
          failureRatio: options.number("failureRatio", 0...1, default: 0.5),
          callCountMinimum: options.count("minimumCalls", 1...1_000_000, default: 20),
          window: window(&options),
          openDuration: options.duration("openDuration", default: .seconds(30)),
          probeMaximum: options.count("probes", 1...1_000, default: 1),
          successThreshold: options.count("successThreshold", 1...1_000, default: 1),
          slowCallDuration: options.optionalDuration("slowCallDuration"),
          slowCallRatio: options.number("slowCallRatio", 0...1, default: 1)))
    case .bulkhead:
      return Bulkhead(
        options.text("name", default: standardName), limit: options.count("limit", 1...1_000_000, default: 20),
        queueMaximum: options.count("queue", 0...1_000_000, default: 0))
    case .rateLimit:
      let count = options.count("count", 1...1_000_000_000, default: 10)
      return RateLimiting(
        options.text("name", default: standardName),
        RateLimit(
          count, per: options.duration("period", default: .seconds(1)),
          burst: options.count("burst", 1...1_000_000_000, default: count)),
        waitMaximum: options.duration("maximumWait", default: .zero))
    case .adaptiveLimit:
      return AdaptiveLimiting(
        options.text("name", default: standardName), initial: options.count("initial", 1...1_000_000, default: 20),
        minimum: options.count("minimum", 1...1_000_000, default: 1),
        maximum: options.count("maximum", 1...1_000_000, default: 200),
        decreaseFactor: options.number("decreaseFactor", 0.1...0.99, default: 0.9),
        slowCallDuration: options.optionalDuration("slowCallDuration"),
        queueMaximum: options.count("queue", 0...1_000_000, default: 0))
    case .hedge:
      return Hedge(
        after: options.requiredDuration("after"), copyMaximum: options.count("copies", 1...10, default: 2),
        isIdempotent: options.flag("idempotent"))
    case .chaos:
      return Chaos(
        faultRate: options.number("faultRate", 0...1, default: 0),
        latencyRate: options.number("latencyRate", 0...1, default: 0),
        latency: options.duration("latency", default: .seconds(1)),
        lostOutcomeRate: options.number("lostOutcomeRate", 0...1, default: 0),
        seed: options.optionalCount("seed", 0...Self.seedMaximum).map { UInt64($0) })
    case .other, nil:
      let names = PolicySummary.Kind.allCases.filter { $0 != .other }.map(\.rawValue).joined(separator: ", ")
      options.problem("\(options.description.type) is not a policy; there are \(names)")
      return nil
    }
  }

  /// The largest whole number that an option keeps exactly.
  private static let seedMaximum = 1 << 53

  private static func window(_ options: inout PolicyOptions) -> CircuitBreakerConfiguration.Window {
    guard let duration = options.optionalDuration("windowDuration") else {
      return .count(options.count("windowCalls", 1...1_000_000, default: 100))
    }
    options.refuse("windowCalls", "goes without windowDuration: keep one of the two")
    return .time(duration)
  }

  private static func retry(_ options: inout PolicyOptions, name: String) -> Retry {
    let initial = options.duration("initial", default: .milliseconds(100))
    let maximum = options.duration("maximum", default: .seconds(10))
    let jitterName = options.text("jitter", default: "full")
    let jitter = Backoff.Jitter(rawValue: jitterName)
    if jitter == nil { options.problem("must be none, full or equal", option: "jitter") }
    let growth: Backoff.Growth
    let growthName = options.text("backoff", default: "exponential")
    if growthName != "exponential" {
      options.refuse("multiplier", "goes with backoff: exponential, and this one is \(growthName)")
    }
    if growthName != "linear" {
      options.refuse("increment", "goes with backoff: linear, and this one is \(growthName)")
    }
    switch growthName {
    case "exponential": growth = .exponential(multiplier: options.number("multiplier", 1...100, default: 2))
    case "linear": growth = .linear(increment: options.duration("increment", default: .seconds(1)))
    case "constant": growth = .constant
    case "decorrelated": growth = .decorrelated
    default:
      growth = .constant
      options.problem("must be exponential, linear, constant or decorrelated", option: "backoff")
    }
    let budget = options.number("budgetRatio", 0...1_000, default: -1)
    if budget < 0 { options.refuse("budgetName", "goes with budgetRatio, and there is none: set it, or remove this") }
    return Retry(
      attempts: options.count("attempts", 1...1_000, default: 3),
      backoff: Backoff(growth: growth, initial: initial, maximum: maximum, jitter: jitter ?? .full),
      budget: budget < 0 ? nil : RetryBudget(options.text("budgetName", default: name), ratio: budget),
      retryAfterMaximum: options.duration("maximumRetryAfter", default: .seconds(60)),
      isIdempotent: options.flag("idempotent"))
  }
}

/// Described policies with their clocks and states.
public struct BoundDescribedPolicies: BoundPolicy {
  let policies: [any BoundPolicy]

  /// Each runs the next, and the last runs `body`.
  public func runConcurrently<T: Sendable>(
    _ attempt: ResilienceAttempt, _ body: @escaping @Sendable (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    try await run(from: 0, attempt, body)
  }

  private func run<T: Sendable>(
    from place: Int, _ attempt: ResilienceAttempt, _ body: @escaping @Sendable (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    guard place < policies.count else { return try await body(attempt) }
    return try await policies[place].runConcurrently(attempt) { try await run(from: place + 1, $0, body) }
  }
}

extension ResiliencePipeline where Bound == BoundDescribedPolicies {
  /// A pipeline from a configuration, outermost policy first.
  ///
  /// - Throws: `PolicyDescriptionError` with everything that is wrong with the descriptions, or `PolicyOrderError`.
  public init(
    _ name: String, environment: ResilienceEnvironment = ResilienceEnvironment(), described: [PolicyDescription]
  ) throws {
    try self.init(name, environment: environment, policy: DescribedPolicies(described, name: name))
  }
}
