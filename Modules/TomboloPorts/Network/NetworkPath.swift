/// What the system says about the ways out of this machine.
///
/// It knows links, addresses and routes, and nothing of what lies behind them: only a probe or a delivery shows whether
/// the upstream answers.
public struct NetworkPath: Hashable, Sendable {
  /// How far this machine could get.
  public enum Reach: String, Hashable, Sendable, CaseIterable, Codable {
    /// No interface is up with an address others could answer to; the loopback interface does not count.
    case none
    /// There are addresses, but no default route: at most neighbours can be reached.
    case local
    /// A default route leads over an interface that is up.
    case routed
  }

  public var reach: Reach
  /// The interfaces that are up, sorted by name, without loopback.
  public var interfaces: [NetworkInterface]
  /// Whether traffic on the way out is paid by volume; `nil` where that cannot be known.
  public var isMetered: Bool?

  public init(reach: Reach, interfaces: [NetworkInterface] = [], isMetered: Bool? = nil) {
    self.reach = reach
    self.interfaces = interfaces
    self.isMetered = isMetered
  }
}
