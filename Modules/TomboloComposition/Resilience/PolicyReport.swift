public import TomboloResilience

/// How one policy around a delivery stands, for people and for metrics.
public struct PolicyReport: Hashable, Sendable {
  /// The type, as in the config.
  public var type: String
  /// What its state is shared by; `nil` when it has none.
  public var name: String?
  /// Its settings, as a person reads them.
  public var settings: String
  /// Only of a circuit breaker.
  public var breaker: CircuitBreakerState?
  /// Repetitions that could be made now, and the most that can be saved; only of a policy with a retry budget.
  public var budget: (balance: Double, maximum: Double)? {
    get { budgetBalance.flatMap { balance in budgetMaximum.map { (balance, $0) } } }
    set { (budgetBalance, budgetMaximum) = (newValue?.balance, newValue?.maximum) }
  }
  private var budgetBalance: Double?
  private var budgetMaximum: Double?
  /// Deliveries it did not let through, since the start.
  public var refused = 0
  /// Only of a retry: tries that followed another one.
  public var retries: Int?
  /// Only of a circuit breaker: how often it opened.
  public var openings: Int?

  init(_ type: String, name: String? = nil, settings: String) {
    self.type = type
    self.name = name
    self.settings = settings
  }
}

extension DeliveryPolicies {
  /// How they stand now, outermost first.
  public func reports() -> [PolicyReport] {
    let summaries = zip(settings.policies, pipeline.policies).map { report($0, $1) }
    return [budgetReport()].compactMap { $0 } + summaries
  }

  private func budgetReport() -> PolicyReport? {
    guard let configured = settings.retryBudget else { return nil }
    var report = PolicyReport(
      ResilienceOptions.retryBudget, name: configured.name,
      settings: "\(configured.name), ratio: \(configured.ratio), \(configured.perSecondMinimum) a second")
    report.budget = balance(configured)
    report.refused = memory.tally.counts(name, ResilienceOptions.retryBudget).budgetRefusals
    return report
  }

  private func report(_ description: PolicyDescription, _ summary: PolicySummary) -> PolicyReport {
    let ownName = text("name", description) ?? name
    var report = PolicyReport(description.type, settings: summary.settings)
    func refusals(_ codes: ResilienceError.Code...) -> Int {
      let counts = memory.tally.counts(name, ownName).refusals
      return codes.reduce(0) { $0 + (counts[$1] ?? 0) }
    }
    switch summary.kind {
    case .circuitBreaker:
      report.name = ownName
      report.breaker = memory.environment.circuitBreaker(ownName)?.state
      report.refused = refusals(.circuitOpen, .circuitProbing, .circuitIsolated)
      report.openings = memory.tally.counts(name, ownName).openings
    case .rateLimit:
      report.name = ownName
      report.refused = refusals(.rateLimited)
    case .bulkhead, .adaptiveLimit:
      report.name = ownName
      report.refused = refusals(.bulkheadFull)
    case .retry:
      report.retries = memory.tally.counts(name, "retry").retries
      if case .number(let ratio)? = description.options["budgetRatio"] {
        report.name = text("budgetName", description) ?? name
        report.budget = balance(RetryBudget(report.name ?? name, ratio: ratio))
      }
    case .totalTimeout, .attemptTimeout, .hedge, .chaos, .other: break
    }
    return report
  }

  private func balance(_ budget: RetryBudget) -> (balance: Double, maximum: Double)? {
    // Looking must not make one.
    guard let shared = memory.environment.existingRetryBudget(budget.name) else { return nil }
    return (shared.balance(at: memory.environment.clock.now.sinceStart), budget.savedMaximum)
  }

  private func text(_ key: String, _ description: PolicyDescription) -> String? {
    guard case .text(let text)? = description.options[key] else { return nil }
    return text
  }
}
