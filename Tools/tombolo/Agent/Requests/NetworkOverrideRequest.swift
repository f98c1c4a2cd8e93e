import HTTPTypes
import TomboloPorts

/// The body of `PUT /v1/network`: `{"override": "offline" | "online" | null}`.
struct NetworkOverrideRequest {
  /// What a person decides; `nil` takes the decision back.
  var override: NetworkStatus.Condition?

  /// Throws `JSONScanError` and `AgentProblem`.
  init(_ body: [UInt8]) throws {
    var scanner = JSONScanner(body)
    guard !body.isEmpty, try scanner.kind() == .object else {
      throw AgentProblem(.badRequest, .malformedJSON, #"the body must be {"override": "offline" | "online" | null}"#)
    }
    var isGiven = false
    try scanner.object { scanner, name in
      guard name == "override" else { throw AgentProblem.unknownField(name, name: name, among: ["override"]) }
      guard !isGiven else { throw AgentProblem.duplicate("override") }
      isGiven = true
      override = try Self.condition(&scanner)
    }
    try scanner.end()
    guard isGiven else {
      throw AgentProblem(
        .badRequest, .missingField, #"override is missing: give "offline", "online" or null"#, field: "override")
    }
  }

  private static func condition(_ scanner: inout JSONScanner) throws -> NetworkStatus.Condition? {
    switch try scanner.kind() {
    case .null:
      _ = try scanner.skipValue()
      return nil
    case .string:
      switch try scanner.string() {
      case "offline": return .offline
      case "online": return .online
      default: throw refusal
      }
    default: throw refusal
    }
  }

  private static var refusal: AgentProblem {
    .invalid("override", #"must be "offline", "online" or null"#)
  }
}
