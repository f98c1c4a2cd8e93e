/// The rules about which policy may stand around which: a pure check over the summaries, outermost first.
///
/// Each rule names an order that looks right, compiles, and does harm.
public enum PolicyOrder {
  /// Why an order does harm and how to mend it.
  public struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// The rule that is broken.
    public let rule: Rule
    /// The reason and the fix.
    public let description: String
  }

  /// The rules.
  public enum Rule: String, Hashable, Sendable, CaseIterable {
    /// A total time limit inside a retry starts again with every attempt.
    case totalTimeoutInsideRetry
    /// A limit for an attempt around a retry ends the retry itself.
    case attemptTimeoutOutsideRetry
    /// Two retries multiply their attempts.
    case twoRetries
    /// Two policies of a kind of which one can never act.
    case repeatedPolicy
    /// A retry that insists on being refused by an open breaker.
    case retryOfRefusals
    /// A hedge sends a call twice, which only idempotent calls endure.
    case hedgeWithoutIdempotency
    /// Each copy of a hedged call would retry for itself.
    case retryInsideHedge
    /// Time spent waiting for a place or a token would count as a slow attempt.
    case waitInsideAttemptTimeout
    /// A breaker or adaptive limit inside the time limit sees a cancellation where a time-out was.
    case breakerInsideAttemptTimeout
    /// An attempt that may take longer than the whole.
    case attemptLongerThanTotal
  }

  /// What is wrong with this order, outermost policy first; nothing when it is sound.
  public static func problems(in policies: [PolicySummary]) -> [Problem] {
    let view = View(policies)
    return checks.compactMap { rule, isBroken, text in isBroken(view) ? Problem(rule: rule, description: text) : nil }
  }

  private struct View {
    let policies: [PolicySummary]
    init(_ policies: [PolicySummary]) { self.policies = policies }

    /// Whether one of the `outer` stands around one of the `inner`.
    func has(_ outer: PolicySummary.Kind, around inner: PolicySummary.Kind...) -> Bool {
      guard let first = policies.firstIndex(where: { $0.kind == outer }) else { return false }
      return policies[(first + 1)...].contains { inner.contains($0.kind) }
    }

    func count(_ kind: PolicySummary.Kind) -> Int { policies.count { $0.kind == kind } }

    func limit(_ kind: PolicySummary.Kind) -> Duration? { policies.first { $0.kind == kind }?.limit }
  }

  private static let checks: [(rule: Rule, isBroken: @Sendable (View) -> Bool, text: String)] = [
    (
      .totalTimeoutInsideRetry, { $0.has(.retry, around: .totalTimeout) },
      "TotalTimeout stands inside Retry, so it starts again with every attempt and limits nothing in total. "
        + "Put TotalTimeout above Retry, or use AttemptTimeout here."
    ),
    (
      .attemptTimeoutOutsideRetry, { $0.has(.attemptTimeout, around: .retry) },
      "AttemptTimeout stands around Retry, so it ends all attempts together, waits included. "
        + "Put AttemptTimeout below Retry, or use TotalTimeout here."
    ),
    (
      .twoRetries, { $0.count(.retry) > 1 },
      "There are two Retry policies, and their attempts multiply: 3 times 3 are 9 calls. Keep one."
    ),
    (
      .repeatedPolicy,
      { view in [.totalTimeout, .attemptTimeout, .hedge].contains { view.count($0) > 1 } },
      "A time limit or Hedge is there twice. The shorter limit makes the longer useless, and hedged hedges multiply. Keep one."
    ),
    (
      .retryOfRefusals,
      { view in view.has(.retry, around: .circuitBreaker) && view.policies.contains { $0.retriesRefusals } },
      "Retry was told to retry refusals and stands around a circuit breaker, so it spends its attempts on an open door. "
        + "Remove retrying(on: .circuitOpen) and its like."
    ),
    (
      .hedgeWithoutIdempotency,
      { view in view.policies.contains { $0.kind == .hedge && !$0.isIdempotent } },
      "Hedge makes the call more than once, and the call is not declared idempotent. "
        + "Say Hedge(after:, isIdempotent: true) if making it twice does no harm; otherwise remove Hedge."
    ),
    (
      .retryInsideHedge, { $0.has(.hedge, around: .retry) },
      "Retry stands inside Hedge, so every copy retries for itself and a slow server gets a multiple of calls. "
        + "Put Retry above Hedge."
    ),
    (
      .waitInsideAttemptTimeout, { $0.has(.attemptTimeout, around: .bulkhead, .rateLimit) },
      "Bulkhead or RateLimiting stands inside AttemptTimeout, so waiting for a turn counts as a slow attempt whose outcome "
        + "is unknown although nothing was sent. Put it above AttemptTimeout."
    ),
    (
      .breakerInsideAttemptTimeout, { $0.has(.attemptTimeout, around: .circuitBreaker, .adaptiveLimit) },
      "CircuitBreaking or AdaptiveLimiting stands inside AttemptTimeout, so it sees a cancelled call instead of a time-out "
        + "and never reacts to a server that hangs. Put it above AttemptTimeout."
    ),
    (
      .attemptLongerThanTotal,
      { view in
        guard let total = view.limit(.totalTimeout), let attempt = view.limit(.attemptTimeout) else { return false }
        return attempt >= total
      },
      "AttemptTimeout is not shorter than TotalTimeout and never acts. Shorten it or remove it."
    ),
  ]
}

/// A pipeline was put together in an order that does harm. It carries every problem at once.
public struct PolicyOrderError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The pipeline's name.
  public let pipeline: String
  /// What is wrong, each with its reason and fix.
  public let problems: [PolicyOrder.Problem]

  /// Every problem on a line of its own.
  public var description: String {
    (["The order of the policies of \(pipeline) does harm:"] + problems.map { "- \($0.description)" })
      .joined(separator: "\n")
  }
}
