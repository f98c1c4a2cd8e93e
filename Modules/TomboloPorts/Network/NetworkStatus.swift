/// Whether the outside can be reached, since when, and what says so.
public struct NetworkStatus: Hashable, Sendable {
  public enum Condition: String, Hashable, Sendable, CaseIterable, Codable {
    /// There is no way out.
    case offline
    /// There is a network, but the probe gets no answer, or no way leads beyond that network.
    case limited
    /// Something answers, but not what was asked: a sign-in page of a hotel, for example.
    case portal
    /// The probe is answered, a delivery succeeded, or nothing says otherwise.
    case online
  }

  public var condition: Condition
  /// When it became so.
  public var since: Timestamp
  /// What each source last said.
  public var evidence: [NetworkEvidence]
  /// Whether traffic is paid by volume; `nil` where that cannot be known. When it changes alone, observers are not told.
  public var isMetered: Bool?
  /// The interfaces that are up, as the system tells; empty where it does not. When they change alone, observers are not told.
  public var interfaces: [NetworkInterface]
  /// Upstreams that are watched each for itself: one on the intranet may be reached while the internet is not.
  public var upstreams: [UpstreamStatus]

  public init(
    _ condition: Condition, since: Timestamp, evidence: [NetworkEvidence] = [], isMetered: Bool? = nil,
    interfaces: [NetworkInterface] = [], upstreams: [UpstreamStatus] = []
  ) {
    self.condition = condition
    self.since = since
    self.evidence = evidence
    self.isMetered = isMetered
    self.interfaces = interfaces
    self.upstreams = upstreams
  }

  public var isOnline: Bool { condition == .online }

  /// The status of one upstream; `nil` when none of that name is watched.
  public func upstream(_ name: String) -> UpstreamStatus? {
    upstreams.first { $0.name == name }
  }

  /// Whether a person decided it: nothing is tried against that.
  public var isForced: Bool { evidence.contains { $0.source == NetworkEvidence.overrideSource } }
}

/// What one source says about the network.
public struct NetworkEvidence: Hashable, Sendable {
  /// The source of a manual override.
  public static let overrideSource = "override"
  /// The source of what the operating system says.
  public static let systemSource = "system"

  /// Who says it: `override`, `probe`, `delivery`, `system`.
  public var source: String
  public var condition: NetworkStatus.Condition
  /// Why, in words for a person: `connection refused by 127.0.0.1:9000`.
  public var detail: String
  public var at: Timestamp

  public init(source: String, condition: NetworkStatus.Condition, detail: String, at: Timestamp) {
    self.source = source
    self.condition = condition
    self.detail = detail
    self.at = at
  }
}

/// A source of network status that others can observe and add their experience to.
///
/// A status is a hint to wake early, never a reason to refuse a call.
public protocol NetworkStatusSource: Sendable {
  /// The present status, never older than what `statuses()` has brought. It is asked under locks: it answers at once, and asks nobody.
  var status: NetworkStatus { get }

  /// The present status, then every change. A slow reader gets the newest and never delays another; ending the iteration
  /// or cancelling its task ends the observation.
  func statuses() -> AsyncStream<NetworkStatus>

  /// Tells what a delivery met, and answers with the status as it is known then. After `unreachable` the source asks its
  /// probe before it answers, for no longer than the probe's time limit.
  func report(_ experience: DeliveryExperience) async -> NetworkStatus
}

/// What a delivery learned about the way to its upstream.
public enum DeliveryExperience: Hashable, Sendable {
  /// The upstream answered, whatever it said.
  case answered
  /// No connection came about, or it broke before an answer; with the reason in words.
  case unreachable(String)
}
