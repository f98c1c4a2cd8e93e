extension MetricsText {
  /// The states a breaker may be in.
  private static let breakerStates = ["closed", "open", "halfOpen", "isolated"]

  /// How the policies around the delivery stand.
  mutating func add(_ resilience: WireResilience) {
    let breakers = resilience.policies.filter { $0.state != nil }
    series(
      "tombolo_circuit_breaker_state", "gauge", "Whether the breaker is in this state: 1 for the present one.", breakers
    ) {
      breaker in
      Self.breakerStates.map { state in
        ([("name", breaker.name ?? resilience.name), ("state", state)], breaker.state == state ? "1" : "0")
      }
    }
    series(
      "tombolo_circuit_breaker_openings_total", "counter", "How often the breaker opened, since the start.", breakers
    ) {
      [([("name", $0.name ?? resilience.name)], "\($0.openings ?? 0)")]
    }
    let budgets = resilience.policies.filter { $0.balance != nil }
    series("tombolo_retry_budget_balance", "gauge", "Repetitions that could be made now.", budgets) {
      [([("name", $0.name ?? resilience.name)], "\($0.balance ?? 0)")]
    }
    series(
      "tombolo_policy_refusals_total", "counter", "Deliveries that a policy held back, since the start.",
      resilience.policies
    ) {
      [([("policy", $0.type), ("name", $0.name ?? resilience.name)], "\($0.refused)")]
    }
    let retries = resilience.policies.filter { $0.retries != nil }
    series("tombolo_policy_retries_total", "counter", "Repeated tries within an attempt, since the start.", retries) {
      [([("name", $0.name ?? resilience.name)], "\($0.retries ?? 0)")]
    }
  }

  /// One sample for each different set of labels: two policies that share a state are one thing.
  private mutating func series(
    _ name: String, _ type: String, _ help: String, _ policies: [WirePolicy],
    _ samples: (WirePolicy) -> [(labels: [(name: String, value: String)], value: String)]
  ) {
    guard !policies.isEmpty else { return }
    add(name, type, help)
    var told: Set<String> = []
    for sample in policies.flatMap(samples)
    where told.insert(sample.labels.map(\.value).joined(separator: "/")).inserted {
      add(name, labels: sample.labels, sample.value)
    }
  }
}
