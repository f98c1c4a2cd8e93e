/// Where the demo is.
enum DemoPhase: Int, CaseIterable, Sendable {
  case online = 1
  case outage
  case restart
  case outageAfterRestart
  case recovery
  case check

  /// What happens in it, in one line.
  var words: String {
    switch self {
    case .online: "Online: operations are stored, then delivered"
    case .outage: "The upstream is gone: operations are still accepted"
    case .restart: "The process restarts in the middle of the outage"
    case .outageAfterRestart: "Still no network: the new process goes on"
    case .recovery: "The upstream is back: critical first, each key in order"
    case .check: "Done: compared with what the upstream received"
    }
  }

  /// `2 of 5`.
  var position: String { "\(rawValue) of \(Self.allCases.count)" }
}
