import Logging
import Synchronization
import TomboloResilience

/// Counts what policies do, and tells the operator when a breaker changes.
final class ResilienceTally: ResilienceListener {
  /// What one policy did since the start.
  struct Counts: Hashable, Sendable {
    /// Calls it did not let through, by the reason.
    var refusals: [ResilienceError.Code: Int] = [:]
    /// Repetitions that the budget did not let through.
    var budgetRefusals = 0
    var retries = 0
    /// How often a breaker opened.
    var openings = 0
  }

  private struct Name: Hashable {
    var pipeline: String
    var policy: String
  }

  private let logger: Logger
  /// One entry for each policy of the configurations so far; at most `countMaximum`.
  private let counts = Mutex<[Name: Counts]>([:])

  init(logger: Logger) { self.logger = logger }

  /// Of how many policies it counts. Reloads may name ever new ones; once there would be more, the counts begin anew.
  static let countMaximum = 1_000

  var count: Int { counts.withLock { $0.count } }

  func receive(_ event: ResilienceEvent) {
    counts.withLock { counts in
      var own = counts[Name(pipeline: event.pipeline, policy: event.policy), default: Counts()]
      switch event.kind {
      case .refused(let code): own.refusals[code, default: 0] += 1
      case .retryScheduled: own.retries += 1
      case .breakerChanged(_, .open): own.openings += 1
      default: return
      }
      Self.put(own, Name(pipeline: event.pipeline, policy: event.policy), in: &counts)
    }
    if case .breakerChanged(let from, let to) = event.kind { tell(event.policy, from, to) }
  }

  /// An operation's repetition was refused by the budget of these policies.
  func budgetRefused(_ pipeline: String) {
    let name = Name(pipeline: pipeline, policy: ResilienceOptions.retryBudget)
    counts.withLock { counts in
      var own = counts[name, default: Counts()]
      own.budgetRefusals += 1
      Self.put(own, name, in: &counts)
    }
  }

  private static func put(_ own: Counts, _ name: Name, in counts: inout [Name: Counts]) {
    if counts[name] == nil, counts.count >= countMaximum { counts = [:] }
    counts[name] = own
  }

  func counts(_ pipeline: String, _ policy: String) -> Counts {
    counts.withLock { $0[Name(pipeline: pipeline, policy: policy)] ?? Counts() }
  }

  private func tell(_ name: String, _ from: CircuitBreakerState, _ to: CircuitBreakerState) {
    let metadata: Logger.Metadata = ["breaker": "\(name)"]
    switch to {
    case .open(let remaining):
      let metadata = metadata.merging(["pause": "\(remaining)"]) { $1 }
      if from == .halfOpen {
        logger.info("the upstream still fails; its circuit breaker stays open", metadata: metadata)
      } else {
        logger.warning("the upstream keeps failing; its circuit breaker is open", metadata: metadata)
      }
    case .closed: logger.notice("the upstream works again; its circuit breaker is closed", metadata: metadata)
    case .halfOpen: logger.debug("the circuit breaker lets a probe through", metadata: metadata)
    case .isolated: logger.warning("the circuit breaker was opened by hand", metadata: metadata)
    }
  }
}
