import TomboloAgent

/// The policies around the delivery in a line: `upstream: circuit breaker open for another 12 s; retry budget 0 of 100`.
struct ResilienceText: CustomStringConvertible {
  let resilience: WireResilience

  init(_ resilience: WireResilience) { self.resilience = resilience }

  var description: String {
    let parts = resilience.policies.compactMap { part($0) }
    return "\(resilience.name): " + (parts.isEmpty ? "nothing is held back" : parts.joined(separator: "; "))
  }

  /// What an operator may want to know of a policy; `nil` when it has nothing to tell.
  private func part(_ policy: WirePolicy) -> String? {
    var facts: [String] = []
    if let state = policy.state { facts.append("circuit breaker \(breaker(state, policy))") }
    if let balance = policy.balance, let maximum = policy.balanceMaximum {
      facts.append("retry budget \(Int(balance)) of \(Int(maximum))")
    }
    if policy.refused > 0 {
      facts.append((facts.isEmpty ? "\(policy.type) " : "") + "held back \(policy.refused)")
    }
    if let retries = policy.retries, retries > 0 { facts.append("\(retries) repeated tries") }
    return facts.isEmpty ? nil : facts.joined(separator: ", ")
  }

  private func breaker(_ state: String, _ policy: WirePolicy) -> String {
    switch state {
    case "open":
      policy.openSeconds.map { "open for another \(DurationWords.text(.seconds($0)))" } ?? "open"
    case "halfOpen": "finding out whether it works again"
    case "isolated": "opened by hand"
    default: state
    }
  }
}
