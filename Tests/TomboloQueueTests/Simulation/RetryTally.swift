import TomboloPorts
import TomboloResilience

/// Counts what one life of a worker owes to its retry budget.
///
/// A retry that finds the budget used up for longer than the longest backoff comes all the same, in the second half of that time:
/// such ones are let pass. Whatever comes sooner has taken its share before, so that there are never more of those than the budget
/// gave.
struct RetryTally {
  /// Attempts that failed and are to be followed by a retry.
  private var failed: [OperationID: (attempt: Int, at: Duration)] = [:]
  private var firstCount = 0
  private(set) var promptCount = 0
  private let start: Duration

  init(at start: Duration = .zero) { self.start = start }

  /// An attempt begins.
  ///
  /// - Parameter prompt: what comes within this time after the failed attempt must be paid for.
  mutating func begins(_ id: OperationID, attempt number: Int, at now: Duration, prompt: Duration) {
    if number == 1 { firstCount += 1 }
    guard let last = failed.removeValue(forKey: id), number == last.attempt + 1, now - last.at < prompt else { return }
    promptCount += 1
  }

  mutating func ended(
    _ id: OperationID, attempt number: Int, _ outcome: Result<DeliveryOutcome, any Error>, at now: Duration
  ) {
    switch outcome {
    case .failure, .success(.retry): failed[id] = (number, now)
    // What stands after a conflict is no retry, and the others end the operation or burn no attempt.
    case .success: failed[id] = nil
    }
  }

  /// What the budget has given until now, with one for what its clock and this one read differently.
  func allowed(by budget: RetryBudget, at now: Duration) -> Double {
    budget.savedMaximum + budget.ratio * Double(firstCount) + budget.perSecondMinimum * ((now - start) / .seconds(1))
      + 1
  }
}
