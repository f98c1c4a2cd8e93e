import TomboloPorts
import TomboloResilience

/// What becomes of an operation that a policy did not let through. No attempt is burnt.
enum HeldBack {
  /// How long the upstream rests when it cannot be known when asking again makes sense. The next success ends it earlier.
  static let rest = Duration.seconds(1)
  /// How long it rests when a person opened the breaker: nothing but another person ends that.
  static let isolatedRest = Duration.seconds(30)
  /// Repetitions that the budget refused come again within twice this time, each at its own moment.
  static let budgetRest = Duration.seconds(2)

  static func outcome(_ refusal: ResilienceError) -> DeliveryOutcome {
    let failure = DeliveryFailure(.heldBack, words(refusal))
    switch refusal.code {
    case .circuitIsolated: return .suspend(for: isolatedRest, failure)
    default: return .suspend(for: max(refusal.retryAfter ?? rest, .milliseconds(1)), failure)
    }
  }

  static func outcome(budgetOf policies: DeliveryPolicies, _ operation: SyncOperation) -> DeliveryOutcome {
    // Identifiers end in random bits, so those that were refused together do not come back together.
    let spread = Duration.milliseconds(Int64(operation.id.low % 2_000))
    return .snooze(
      for: budgetRest + spread,
      DeliveryFailure(
        .heldBack,
        "not sent: the retry budget of \(policies.settings.retryBudget?.name ?? policies.name) is used up, because too many "
          + "deliveries fail"))
  }

  static func outcome(waitedFor limit: Duration) -> DeliveryOutcome {
    .snooze(
      for: rest, DeliveryFailure(.heldBack, "not sent: it did not get its turn within \(DurationText.render(limit))"))
  }

  /// What the policy says, without the time that is left, which is old as soon as it is stored.
  static func words(_ refusal: ResilienceError) -> String {
    switch refusal.code {
    case .circuitOpen: "not sent: the circuit breaker is open, because the upstream keeps failing"
    case .circuitProbing: "not sent: the circuit breaker is finding out whether the upstream works again"
    case .circuitIsolated: "not sent: the circuit breaker was opened by hand"
    case .rateLimited: "not sent: the rate limit is reached"
    case .bulkheadFull: "not sent: as many deliveries are under way as are permitted at once"
    default: "not sent: \(refusal.message)"
    }
  }
}
