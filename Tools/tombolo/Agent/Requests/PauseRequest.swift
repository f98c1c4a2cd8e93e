import HTTPTypes
import TomboloQueue

/// The body of `PUT /v1/pauses`: `{"kind": …}`, `{"orderingKey": …, "namespace"?}`, or neither for the whole queue; and `"reason"?`.
struct PauseRequest {
  static let reasonByteCountMaximum = 1_024

  var scope: Pause.Scope
  var reason: String

  /// Throws `JSONScanError` and `AgentProblem`.
  init(_ body: [UInt8]) throws {
    var scanner = JSONScanner(body)
    guard !body.isEmpty, try scanner.kind() == .object else {
      throw AgentProblem(
        .badRequest, .malformedJSON,
        #"the body must be {"kind": "…"}, {"orderingKey": "…"} or {} for the whole queue, with a "reason" or without"#)
    }
    let known = ["kind", "orderingKey", "namespace", "reason"]
    var values: [String: String] = [:]
    try scanner.object { scanner, name in
      guard known.contains(name) else { throw AgentProblem.unknownField(name, name: name, among: known) }
      guard try scanner.kind() == .string else {
        throw AgentProblem.invalid(name, "must be a string, not \(try scanner.kind().rawValue)")
      }
      let value = try scanner.string()
      guard !value.isEmpty else { throw AgentProblem.invalid(name, "is empty") }
      guard values.updateValue(value, forKey: name) == nil else { throw AgentProblem.duplicate(name) }
    }
    try scanner.end()
    scope = try Self.scope(kind: values["kind"], orderingKey: values["orderingKey"], namespace: values["namespace"])
    reason = values["reason"] ?? "paused by hand, without a reason"
    guard reason.utf8.count <= Self.reasonByteCountMaximum else {
      throw AgentProblem.invalid("reason", "is longer than \(Self.reasonByteCountMaximum) bytes")
    }
  }

  /// What these name together.
  static func scope(kind: String?, orderingKey: String?, namespace: String?) throws(AgentProblem) -> Pause.Scope {
    for (field, name) in [("kind", kind), ("orderingKey", orderingKey), ("namespace", namespace)] {
      guard let name else { continue }
      guard name.utf8.count <= 255, !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
        throw AgentProblem.invalid(field, "is none that an operation may have")
      }
    }
    switch (kind, orderingKey) {
    case (nil, nil):
      guard namespace == nil else {
        throw AgentProblem(
          .badRequest, .missingField, "namespace stands beside an orderingKey: give that, too", field: "orderingKey")
      }
      return .queue
    case (let kind?, nil):
      guard namespace == nil else {
        throw AgentProblem(
          .badRequest, .conflictingFields, "a kind is paused in all namespaces: leave namespace out", field: "namespace"
        )
      }
      return .kind(kind)
    case (nil, let key?): return .orderingKey(key, namespace: namespace)
    case (_?, _?):
      throw AgentProblem(
        .badRequest, .conflictingFields, "kind and orderingKey are given together: pause one at a time", field: "kind")
    }
  }
}
