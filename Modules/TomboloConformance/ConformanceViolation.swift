/// A promise that a store did not keep.
public struct ConformanceViolation: Error, Sendable, CustomStringConvertible {
  /// The rule that was broken.
  public var ruleID: String
  /// What was done, what should have come of it, and what came of it instead.
  public var message: String
  /// The seed of the run; a run with the same seed makes the same choices.
  public var seed: UInt64
  /// What the store threw, when that was the violation.
  public var cause: (any Error)?

  public init(ruleID: String, message: String, seed: UInt64, cause: (any Error)? = nil) {
    self.ruleID = ruleID
    self.message = message
    self.seed = seed
    self.cause = cause
  }

  public var description: String { "\(ruleID): \(message) (seed \(seed))" }
}

/// What the body of a rule throws; `StoreConformance` adds rule and seed.
struct Finding: Error {
  var message: String
}
