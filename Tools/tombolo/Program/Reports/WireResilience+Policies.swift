import TomboloAgent
import TomboloComposition
import TomboloResilience

extension WireResilience {
  /// How the policies of a running system stand now.
  init(_ policies: DeliveryPolicies) {
    self.init(name: policies.name, policies: policies.reports().map { WirePolicy($0) })
  }
}

extension WirePolicy {
  init(_ report: PolicyReport) {
    self.init(type: report.type, name: report.name, settings: report.settings, refused: report.refused)
    switch report.breaker {
    case .closed: state = "closed"
    case .halfOpen: state = "halfOpen"
    case .isolated: state = "isolated"
    case .open(let remaining):
      state = "open"
      openSeconds = Self.seconds(remaining)
    case nil: state = nil
    }
    openings = report.openings
    balance = report.budget.map { Self.rounded($0.balance) }
    balanceMaximum = report.budget?.maximum
    retries = report.retries
  }

  private static func seconds(_ duration: Duration) -> Double {
    rounded(Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18)
  }

  /// To a thousandth, which is finer than anybody reads.
  private static func rounded(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }
}
