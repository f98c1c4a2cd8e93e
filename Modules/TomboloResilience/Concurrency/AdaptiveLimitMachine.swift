/// Finds out how many calls at once a dependency bears: additive increase, multiplicative decrease, as TCP does it.
///
/// The method is that of Chiu and Jain (1989), "Analysis of the increase and decrease algorithms for congestion avoidance";
/// the condition that a limit grows only while it is used is that of `AIMDLimit` in Netflix's concurrency-limits. Calls
/// that began before the last decrease do not decrease again: they tell of the same overload.
package struct AdaptiveLimitMachine: Sendable {
  /// How a call ended, as far as load is concerned.
  package enum Ending: Hashable, Sendable { case fine, overloaded, unrelated }

  private let configuration: AdaptiveLimiting
  private var exact: Double
  private var decreasedAt: Duration?

  package init(_ configuration: AdaptiveLimiting) {
    self.configuration = configuration
    exact = Double(configuration.initial)
  }

  /// The limit now.
  package var limit: Int { Int(exact) }

  /// A call that began at `start` ended at `now`, while `insideCount` were under way, itself included.
  package mutating func ended(_ ending: Ending, insideCount: Int, start: Duration, now: Duration) {
    switch ending {
    case .unrelated:
      break
    case .overloaded:
      if let decreasedAt, start < decreasedAt { break }
      exact = max(Double(configuration.minimum), exact * configuration.decreaseFactor)
      decreasedAt = now
    case .fine:
      // About one more for each round of calls, and only when the places are used.
      guard insideCount * 2 >= limit else { break }
      exact = min(Double(configuration.maximum), exact + 1 / max(1, exact))
    }
  }
}
