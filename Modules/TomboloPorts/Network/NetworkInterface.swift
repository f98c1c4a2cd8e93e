/// One network interface that is up.
public struct NetworkInterface: Hashable, Sendable {
  /// What carries the interface.
  public enum Kind: String, Hashable, Sendable, CaseIterable, Codable {
    case ethernet
    case wifi
    case cellular
    case loopback
    /// Made by software: a bridge, a tunnel, the inner end of a container's cable.
    case virtual
    case other
  }

  /// The system's name: `eth0`.
  public var name: String
  public var kind: Kind
  /// Whether it has an IPv4 address that is valid beyond this link.
  public var hasIPv4: Bool
  /// Whether it has an IPv6 address that is valid beyond this link.
  public var hasIPv6: Bool
  /// Whether a default route leads over it.
  public var carriesDefaultRoute: Bool

  public init(
    name: String, kind: Kind, hasIPv4: Bool = false, hasIPv6: Bool = false, carriesDefaultRoute: Bool = false
  ) {
    self.name = name
    self.kind = kind
    self.hasIPv4 = hasIPv4
    self.hasIPv6 = hasIPv6
    self.carriesDefaultRoute = carriesDefaultRoute
  }
}
