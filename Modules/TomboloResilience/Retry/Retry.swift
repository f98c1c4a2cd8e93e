/// Makes a failed call again.
///
/// **About.** After a failure that may pass it waits for its backoff and calls again, until an attempt succeeds, the attempts
/// or the budget are used up, or the total time limit comes too close. Cancellation is never retried and never swallowed.
///
/// **Usage.**
///
///     Retry(attempts: 4, backoff: .exponential(initial: .milliseconds(100)))
///       .stopping(on: NotFound.self)
///       .retrying { ($0 as? HTTPError)?.status == 503 }
///
/// **Defaults.** Three attempts; exponential backoff from 100 ms to 10 s, fully jittered; no budget; a Retry-After of up to a
/// minute is honoured. Unknown errors are transient; time-outs are retried only for idempotent calls; refusals of a circuit
/// breaker are not retried.
///
/// **Telemetry.** `retryScheduled` before each wait, `retryStopped` when it gives up.
///
/// **Diagram.**
///
///     call ─▶ attempt ─ succeeded ─▶ value
///               ▲  │
///      backoff ─┘  └ failed ─▶ permanent, cancelled: the error itself
///                              no attempt, budget or time left: RetryError with the history
///
/// **Anti-patterns.** Two retries around each other. A retry without a budget in front of a shared server. Retrying calls that
/// are not idempotent because "it usually works".
public struct Retry: ResiliencePolicy {
  /// The most attempts, the first included; at least 1.
  public var attemptMaximum: Int
  /// How long to wait between attempts.
  public var backoff: any BackoffStrategy
  /// The share of retries that the dependency gets; `nil` for no limit.
  public var budget: RetryBudget?
  /// The longest Retry-After that is waited for; a longer one ends the call.
  public var retryAfterMaximum: Duration
  /// Whether every call through this policy may be made twice; a single call can say so in `run(isIdempotent:)`.
  public var isIdempotent: Bool
  /// What errors mean when no rule knows them.
  public var classifier: any FailureClassifier
  private var rules: [@Sendable (any Error) -> FailureClass?] = []

  /// A retry with so many attempts, the first included.
  public init(
    attempts: Int = 3,
    backoff: any BackoffStrategy = Backoff.exponential(initial: .milliseconds(100), maximum: .seconds(10)),
    budget: RetryBudget? = nil,
    retryAfterMaximum: Duration = .seconds(60),
    isIdempotent: Bool = false,
    classifier: any FailureClassifier = StandardFailureClassifier()
  ) {
    self.attemptMaximum = max(1, attempts)
    self.backoff = backoff
    self.budget = budget
    self.retryAfterMaximum = retryAfterMaximum
    self.isIdempotent = isIdempotent
    self.classifier = classifier
  }

  /// A retry with a backoff written in place: `Retry(attempts: 4, backoff: .constant(.seconds(1)))`.
  public init(
    attempts: Int, backoff: Backoff, budget: RetryBudget? = nil, retryAfterMaximum: Duration = .seconds(60),
    isIdempotent: Bool = false, classifier: any FailureClassifier = StandardFailureClassifier()
  ) {
    self.init(
      attempts: attempts, backoff: backoff as any BackoffStrategy, budget: budget,
      retryAfterMaximum: retryAfterMaximum, isIdempotent: isIdempotent, classifier: classifier)
  }

  /// Errors of this type are retried. Of several rules that know an error the first one said wins.
  public func retrying<E: Error>(on type: E.Type) -> Retry { retrying { $0 is E } }

  /// Errors for which this is true are retried.
  public func retrying(_ isTransient: @escaping @Sendable (any Error) -> Bool) -> Retry {
    adding { isTransient($0) ? .transient : nil }
  }

  /// Errors of this type are thrown at once.
  public func stopping<E: Error>(on type: E.Type) -> Retry { stopping { $0 is E } }

  /// Errors for which this is true are thrown at once.
  public func stopping(_ isPermanent: @escaping @Sendable (any Error) -> Bool) -> Retry {
    adding { isPermanent($0) ? .permanent : nil }
  }

  /// Refusals with one of these codes are retried, or are thrown at once with `stopping(on:)`.
  public func retrying(on codes: ResilienceError.Code...) -> Retry {
    let set = Set(codes)
    return retrying { ($0 as? ResilienceError).map { set.contains($0.code) } ?? false }
  }

  /// Refusals with one of these codes are thrown at once.
  public func stopping(on codes: ResilienceError.Code...) -> Retry {
    let set = Set(codes)
    return stopping { ($0 as? ResilienceError).map { set.contains($0.code) } ?? false }
  }

  private func adding(_ rule: @escaping @Sendable (any Error) -> FailureClass?) -> Retry {
    var copy = self
    copy.rules.append(rule)
    return copy
  }

  /// What `error` means for this retry.
  func classify(_ error: any Error) -> FailureClass {
    // No rule makes a cancellation something to retry.
    if error is CancellationError { return .cancelled }
    for rule in rules {
      if let known = rule(error) { return known }
    }
    return classifier.classify(error)
  }

  /// Whether it would try again what a breaker refused, whichever rule or classifier says so.
  private var retriesRefusals: Bool {
    [ResilienceError.Code.circuitOpen, .circuitProbing, .circuitIsolated].contains { code in
      switch classify(ResilienceError(code, "an example")) {
      case .transient, .throttled: true
      case .permanent, .cancelled, .outcomeUnknown: false
      }
    }
  }

  /// Attempts, and the budget if there is one.
  public var summaries: [PolicySummary] {
    let budgetText = budget.map { ", budget: \($0.name) \($0.ratio)" } ?? ""
    return [
      PolicySummary(
        .retry, "attempts: \(attemptMaximum)\(budgetText)", isIdempotent: isIdempotent,
        retriesRefusals: retriesRefusals)
    ]
  }

  /// Finds the budget by its name.
  public func bind(to environment: ResilienceEnvironment, pipeline: String) -> BoundRetry {
    BoundRetry(
      policy: self, environment: environment, pipeline: pipeline,
      budget: budget.map { environment.retryBudget($0) })
  }
}
