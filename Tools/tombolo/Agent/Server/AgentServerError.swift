/// Why the agent's HTTP interface cannot be made, or cannot listen.
public struct AgentServerError: Error, Sendable {
  /// What kind of failure it was.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// The address cannot be read, or is none.
    public static let invalidAddress = Code("invalidAddress")
    /// The address can be reached from other machines, and there is no bearer token.
    public static let tokenRequired = Code("tokenRequired")
    /// The bearer token could not be sent in a header.
    public static let invalidToken = Code("invalidToken")
    /// Another program listens there.
    public static let addressInUse = Code("addressInUse")
    /// This user may not listen there.
    public static let notPermitted = Code("notPermitted")
    /// This machine has no such address, or there is no such folder.
    public static let addressUnavailable = Code("addressUnavailable")
    /// The system refused for another reason.
    public static let listenFailed = Code("listenFailed")
  }

  public var code: Code
  /// What went wrong, with the address, and what to do.
  public var message: String
  /// The system's error, when there was one.
  public var cause: (any Error)?

  /// An error with its reason in words.
  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }
}

extension AgentServerError: CustomStringConvertible {
  public var description: String { message }
}
