/// What a policy says about itself, for printing and for checking the order.
public struct PolicySummary: Hashable, Sendable, CustomStringConvertible {
  /// The kinds of policies whose order is checked. The raw value is the name in configuration.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case totalTimeout, retry, circuitBreaker, attemptTimeout, bulkhead, rateLimit, adaptiveLimit, hedge, chaos
    /// A policy of one's own: only its name is known.
    case other
  }

  /// Which kind of policy it is.
  public var kind: Kind
  /// Its settings as a person reads them.
  public var settings: String
  /// The time limit of a time-out.
  public var limit: Duration?
  /// Whether a retry or hedge was declared for idempotent calls.
  public var isIdempotent: Bool
  /// Whether a retry was told to retry the refusals of a breaker.
  public var retriesRefusals: Bool

  /// A summary; only `kind` and `settings` concern most policies.
  public init(
    _ kind: Kind, _ settings: String, limit: Duration? = nil, isIdempotent: Bool = false, retriesRefusals: Bool = false
  ) {
    self.kind = kind
    self.settings = settings
    self.limit = limit
    self.isIdempotent = isIdempotent
    self.retriesRefusals = retriesRefusals
  }

  /// The kind with its settings.
  public var description: String { "\(kind.rawValue)(\(settings))" }
}
