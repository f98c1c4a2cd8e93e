/// Asks one endpoint of the user's own whether it can be reached.
public protocol ReachabilityProbe: Sendable {
  /// What is asked, for status and logs: `tcp 127.0.0.1:9000`.
  var target: String { get }

  /// Whether what is asked is on this machine, so that it can be reached whatever becomes of cables and routes: a loopback
  /// address, an address of its own, a socket in the file system. Asked before each question, so it must not wait. `false`, the default, when that is not certain: such a probe is left alone while
  /// there is no way out of the machine.
  var isOnThisMachine: Bool { get }

  /// Asks once. Always answers within the probe's own time limit; a cancelled probe answers early, with anything.
  func check() async -> ProbeResult
}

extension ReachabilityProbe {
  public var isOnThisMachine: Bool { false }
}

/// What a probe found: a condition (`online`, `limited`, `portal`) and why, in words for a person.
public struct ProbeResult: Hashable, Sendable {
  public var condition: NetworkStatus.Condition
  public var detail: String

  public init(_ condition: NetworkStatus.Condition, detail: String) {
    self.condition = condition
    self.detail = detail
  }
}
