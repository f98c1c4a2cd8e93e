import TomboloPorts
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
    [budgetReport()].compactMap { $0 } + settings.policies.map(report)
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

  private func report(_ configured: ConfiguredPolicy) -> PolicyReport {
    let ownName = configured.options.text("name") ?? name
    let summaries = configured.policy.summaries
    var report = PolicyReport(configured.type, settings: summaries.map(\.settings).joined(separator: ", "))
    func refusals(_ codes: ResilienceError.Code...) -> Int {
      let counts = memory.tally.counts(name, ownName).refusals
      return codes.reduce(0) { $0 + (counts[$1] ?? 0) }
    }
    switch summaries.first?.kind {
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
      if case .number(let ratio)? = configured.options.value("budgetRatio") {
        report.name = configured.options.text("budgetName") ?? name
        report.budget = balance(RetryBudget(report.name ?? name, ratio: ratio))
      }
    case .other:
      report.name = ownName
      report.refused = memory.tally.counts(name, ownName).refusals.values.reduce(0, +)
    case .totalTimeout, .attemptTimeout, .hedge, .chaos, nil: break
    }
    return report
  }

  private func balance(_ budget: RetryBudget) -> (balance: Double, maximum: Double)? {
    // Looking must not make one.
    guard let shared = memory.environment.existingRetryBudget(budget.name) else { return nil }
    return (shared.balance(at: memory.environment.clock.now.sinceStart), budget.savedMaximum)
  }
}
