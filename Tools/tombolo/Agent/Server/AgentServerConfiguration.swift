/// Where the agent's HTTP interface listens, and whom it answers.
public struct AgentServerConfiguration: Hashable, Sendable {
  /// Where to listen.
  public var address: AgentAddress
  /// What requests must carry as `Authorization: Bearer …`; without one everybody who can reach the address is answered.
  /// Required for an address that others can reach.
  public var bearerToken: String?
  /// Further names by which the agent is reached, for example behind a proxy: a request whose `Host` names another one
  /// is refused.
  public var hostNames: [String]
  /// How many connections may be open at once; further ones wait in the system's backlog. Set once, when it starts to listen.
  public var connectionsMaximum: Int
  /// The largest payload that the queue accepts, in bytes; bounds what is read of a request.
  public var payloadByteCountMaximum: Int

  /// - Parameters:
  ///   - address: loopback, unless there is a token.
  public init(
    address: AgentAddress = .tcp(host: "127.0.0.1", port: 7_117), bearerToken: String? = nil, hostNames: [String] = [],
    connectionsMaximum: Int = 1_024, payloadByteCountMaximum: Int = 1_024 * 1_024
  ) {
    self.address = address
    self.bearerToken = bearerToken
    self.hostNames = hostNames
    self.connectionsMaximum = connectionsMaximum
    self.payloadByteCountMaximum = payloadByteCountMaximum
  }

  /// The most bytes of a request with a single operation: its payload in base64, its base, and room for the rest.
  var singleByteCountMaximum: Int { payloadByteCountMaximum / 3 * 4 + payloadByteCountMaximum + 64 * 1_024 }

  /// The most bytes of any request.
  var bodyByteCountMaximum: Int { max(singleByteCountMaximum, 16 * 1_024 * 1_024) }

  func validate() throws(AgentServerError) {
    try address.validate()
    if let bearerToken {
      guard !bearerToken.isEmpty, bearerToken.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw AgentServerError(
          .invalidToken, "the bearer token must be printable ASCII without spaces, and not empty")
      }
    } else if !address.isLoopback {
      throw AgentServerError(
        .tokenRequired,
        "\(address) can be reached from other machines: set a bearer token, or listen on 127.0.0.1 or unix:/PATH")
    }
  }
}
