extension RetryBudgetAccount {
  /// Takes one retry that is to be made later, perhaps before it is there, and answers how long it takes until it is.
  ///
  /// `nil`, and nothing taken, when that would be longer than `waitMaximum`.
  package mutating func reserve(at now: Duration, waitMaximum: Duration) -> Duration? {
    settle(at: now)
    let missing = max(0, 1 - 1e-9 - balance)
    guard missing > 0 else {
      spend()
      return .zero
    }
    guard budget.perSecondMinimum > 0 else { return nil }
    let wait = Duration.seconds(missing / budget.perSecondMinimum)
    guard wait <= waitMaximum else { return nil }
    spend()
    return wait
  }
}
