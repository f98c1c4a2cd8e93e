/// What became of all the rules of a run.
///
/// `description` is for people; encode it with any encoder for programs.
public struct ConformanceReport: Sendable {
  /// One result for each rule, in the order they were run.
  public let results: [ConformanceResult]
  /// The seed of the run; a run with the same seed makes the same choices.
  public let seed: UInt64

  /// Whether no rule was violated.
  public var isConforming: Bool { violations.isEmpty }
  public var violations: [ConformanceViolation] { results.compactMap(\.violation) }

  public var keptCount: Int {
    results.count { if case .kept = $0.outcome { true } else { false } }
  }

  public var notApplicableCount: Int {
    results.count { if case .notApplicable = $0.outcome { true } else { false } }
  }

  /// The last line: how many rules were kept, violated and not applicable, and the seed.
  public var summary: String {
    "\(keptCount) kept, \(violations.count) violated, \(notApplicableCount) not applicable; seed \(seed)"
  }
}

extension ConformanceReport: CustomStringConvertible {
  public var description: String {
    (results.map(\.description) + [summary]).joined(separator: "\n")
  }
}

extension ConformanceReport: Encodable {
  private enum CodingKeys: String, CodingKey {
    case conforming, kept, violated, notApplicable, seed, rules
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(isConforming, forKey: .conforming)
    try container.encode(keptCount, forKey: .kept)
    try container.encode(violations.count, forKey: .violated)
    try container.encode(notApplicableCount, forKey: .notApplicable)
    // As text: many readers of JSON cannot hold every 64-bit number.
    try container.encode(String(seed), forKey: .seed)
    try container.encode(results, forKey: .rules)
  }
}
