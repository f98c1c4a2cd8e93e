/// The section `agent`: how the program is reached and how it ends.
public struct AgentSettings: Hashable, Sendable {
  public var listen: ListenAddress
  /// What requests must carry; at most one of this and `tokenFile` is given.
  public var token: Secret?
  /// The file that holds the token. It is read when the agent starts, not before.
  public var tokenFile: String?
  /// How long deliveries in flight may go on after a signal to stop.
  public var shutdownGrace: Duration
}
