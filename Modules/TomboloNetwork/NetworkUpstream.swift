public import TomboloPorts

/// One upstream that a monitor watches for itself, beside the overall status.
///
///     let monitor = NetworkMonitor(
///       path: NetlinkSource(),
///       upstreams: [
///         NetworkUpstream("intranet", probe: TCPProbe(host: "10.0.0.5", port: 9000)),
///         NetworkUpstream("shop", probe: shopProbe, probeInterval: .seconds(30)),
///       ], logger: logger)
///     monitor.status.upstream("intranet")?.isOnline
public struct NetworkUpstream: Sendable {
  /// Unique among the upstreams of a monitor.
  public var name: String
  public var probe: any ReachabilityProbe
  /// The time between two probes while nothing changes; `nil` for the monitor's own.
  public var probeInterval: Duration?

  public init(_ name: String, probe: any ReachabilityProbe, probeInterval: Duration? = nil) {
    self.name = name
    self.probe = probe
    self.probeInterval = probeInterval
  }
}
