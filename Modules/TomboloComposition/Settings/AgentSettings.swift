/// The section `agent`: how the program is reached and how it ends.
public struct AgentSettings: Hashable, Sendable {
  public var listen: ListenAddress
  /// What requests must carry; at most one of this and `tokenFile` is given.
  public var token: Secret?
  /// The file that holds the token. It is read when the agent starts, not before.
  public var tokenFile: String?
  /// Further names by which requests may address the agent.
  public var hostNames: [String]
  /// How many connections may be open at once; further ones wait to be accepted.
  public var connectionsMaximum: Int
  /// How long deliveries in flight may go on after a signal to stop.
  public var shutdownGrace: Duration
}
