/// How much an upstream has seen.
public struct UpstreamSummary: Codable, Hashable, Sendable {
  /// Operations accepted, each once.
  public var accepted = 0
  /// Operations that came again after they had been accepted.
  public var repeats = 0
  /// Operations that came, whatever became of them.
  public var requests = 0
  /// Accepted operations no longer remembered, because newer ones took their room: their repeats are not recognised.
  public var forgotten = 0

  public init() {}
}
