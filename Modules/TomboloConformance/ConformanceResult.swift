/// What became of one rule.
public struct ConformanceResult: Sendable, Identifiable {
  public enum Outcome: Sendable {
    /// The store keeps the promise.
    case kept
    /// The rule says nothing about this store, and why.
    case notApplicable(String)
    /// The store breaks the promise.
    case violated(ConformanceViolation)
  }

  public let rule: ConformanceRule
  public let outcome: Outcome
  public let duration: Duration

  public var id: String { rule.id }

  public var violation: ConformanceViolation? {
    if case .violated(let violation) = outcome { violation } else { nil }
  }

  /// Throws the violation when there is one: the one line a parameterised test needs.
  public func get() throws {
    if let violation { throw violation }
  }
}

extension ConformanceResult: CustomStringConvertible {
  /// One line: the outcome, the rule with its sentence, and what there is to say.
  public var description: String {
    switch outcome {
    case .kept: "kept            \(rule.id): “\(rule.sentence)”"
    case .notApplicable(let reason): "not applicable  \(rule.id): “\(rule.sentence)” But \(reason)."
    case .violated(let violation): "VIOLATED        \(rule.id): “\(rule.sentence)” \(violation.message)"
    }
  }
}

extension ConformanceResult: Encodable {
  private enum CodingKeys: String, CodingKey {
    case rule, sentence, outcome, message, seconds
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(rule.id, forKey: .rule)
    try container.encode(rule.sentence, forKey: .sentence)
    switch outcome {
    case .kept:
      try container.encode("kept", forKey: .outcome)
    case .notApplicable(let reason):
      try container.encode("notApplicable", forKey: .outcome)
      try container.encode(reason, forKey: .message)
    case .violated(let violation):
      try container.encode("violated", forKey: .outcome)
      try container.encode(violation.message, forKey: .message)
    }
    try container.encode(duration / .seconds(1), forKey: .seconds)
  }
}
