/// Every error of the interface: problem details (RFC 9457), sent as `application/problem+json`.
public struct WireProblem: Hashable, Sendable, Codable {
  /// `about:blank`: the status says what kind of problem it is, and `code` says it more exactly.
  public var type: String
  /// The status in words.
  public var title: String
  public var status: Int
  /// What is wrong, where, and what to do; names the field.
  public var detail: String
  /// For programs: `unknownField`, `payloadTooLarge`, … (`AgentProblem.Code`).
  public var code: String
  /// The field or parameter it is about: `operations[2].priority`.
  public var field: String?
}
