/// Whether one upstream can be reached, since when, and what says so.
public struct UpstreamStatus: Hashable, Sendable {
  /// The name it was given: `intranet`.
  public var name: String
  public var condition: NetworkStatus.Condition
  /// When it became so.
  public var since: Timestamp
  /// What each source last said about it, the one that weighs most first.
  public var evidence: [NetworkEvidence]

  public init(
    name: String, _ condition: NetworkStatus.Condition, since: Timestamp, evidence: [NetworkEvidence] = []
  ) {
    self.name = name
    self.condition = condition
    self.since = since
    self.evidence = evidence
  }

  public var isOnline: Bool { condition == .online }
}
