public import TomboloPorts

/// Whether the outside can be reached, and why: the answer to `GET` and `PUT /v1/network`, a line of
/// `GET /v1/network/changes`, and a part of the status.
public struct WireNetworkStatus: Hashable, Sendable, Codable {
  /// `offline`, `limited`, `portal` or `online`.
  public var status: String
  /// When it became so.
  public var since: WireTimestamp
  public var sources: [WireNetworkSource]
  /// Whether the way out is paid by volume; absent where that cannot be known.
  public var metered: Bool?
  /// The interfaces that are up; absent where the system does not tell of any.
  public var interfaces: [WireNetworkInterface]?
  /// What is watched for itself; absent when nothing is.
  public var upstreams: [WireUpstreamStatus]?

  /// The status as the wire tells of it.
  public init(_ status: NetworkStatus) {
    self.status = status.condition.rawValue
    since = WireTimestamp(status.since)
    sources = status.evidence.map { WireNetworkSource($0) }
    metered = status.isMetered
    interfaces = status.interfaces.isEmpty ? nil : status.interfaces.map { WireNetworkInterface($0) }
    upstreams = status.upstreams.isEmpty ? nil : status.upstreams.map { WireUpstreamStatus($0) }
  }
}

/// What one source last said about the network, or about an upstream.
public struct WireNetworkSource: Hashable, Sendable, Codable {
  /// `override`, `probe`, `delivery` or `system`.
  public var source: String
  public var condition: String
  /// Why, in words for a person.
  public var detail: String
  public var at: WireTimestamp

  init(_ evidence: NetworkEvidence) {
    source = evidence.source
    condition = evidence.condition.rawValue
    detail = evidence.detail
    at = WireTimestamp(evidence.at)
  }
}

/// One interface that is up.
public struct WireNetworkInterface: Hashable, Sendable, Codable {
  /// `eth0`.
  public var name: String
  /// `ethernet`, `wifi`, `cellular`, `loopback`, `virtual` or `other`.
  public var kind: String
  public var ipv4: Bool
  public var ipv6: Bool
  /// Whether a default route leads over it.
  public var wayOut: Bool

  init(_ interface: NetworkInterface) {
    name = interface.name
    kind = interface.kind.rawValue
    ipv4 = interface.hasIPv4
    ipv6 = interface.hasIPv6
    wayOut = interface.carriesDefaultRoute
  }
}

/// Whether one upstream can be reached, and why.
public struct WireUpstreamStatus: Hashable, Sendable, Codable {
  /// As the config names it.
  public var name: String
  /// `offline`, `limited`, `portal` or `online`.
  public var status: String
  /// When it became so.
  public var since: WireTimestamp
  public var sources: [WireNetworkSource]

  init(_ upstream: UpstreamStatus) {
    name = upstream.name
    status = upstream.condition.rawValue
    since = WireTimestamp(upstream.since)
    sources = upstream.evidence.map { WireNetworkSource($0) }
  }
}
