import HTTPTypes
import TomboloPorts
import TomboloQueue

/// The body of `POST /v1/operations`: one operation, or `{"operations":[…]}`; beside either, `durability`.
///
/// It is read in one pass. Payloads that are JSON are checked and taken over byte for byte: digits and the order of keys
/// are what they were.
struct EnqueueRequest {
  /// How many operations one request may hold: they are stored with one commit, or not at all.
  static let operationCountMaximum = 10_000

  var operations: [NewOperation] = []
  /// Whether it was written as a list; the answer then is one, too.
  var isBatch = false
  /// What all of it has to have reached when it is answered; `nil` for what the configuration says.
  var durability: StoreDurability?

  /// Throws `JSONScanError` and `AgentProblem`.
  init(_ body: [UInt8]) throws {
    guard !body.isEmpty else {
      throw AgentProblem(
        .badRequest, .malformedJSON, #"the body is empty: send {"kind": "…", "payload": …}, or {"operations": […]}"#)
    }
    var scanner = JSONScanner(body)
    guard try scanner.kind() == .object else {
      throw AgentProblem(
        .badRequest, .malformedJSON,
        #"the body must be an object: {"kind": "…", "payload": …}, or {"operations": […]}, not "#
          + "\(try scanner.kind().rawValue)")
    }
    var draft = OperationDraft(path: "")
    var isDurabilityGiven = false
    try scanner.object { scanner, name in
      if name == "operations" {
        guard !isBatch else { throw AgentProblem.duplicate("operations") }
        isBatch = true
        operations = try Self.operations(&scanner)
      } else if name == "durability" {
        guard !isDurabilityGiven else { throw AgentProblem.duplicate(name) }
        isDurabilityGiven = true
        durability = try Self.durability(&scanner)
      } else {
        try draft.read(name, from: &scanner, alsoKnown: ["operations", "durability"])
      }
    }
    try scanner.end()
    guard isBatch else {
      operations = [try draft.operation(scanner.bytes)]
      return
    }
    if let field = draft.given.first {
      throw AgentProblem(
        .badRequest, .conflictingFields,
        "\(field.rawValue) and operations are given together: put one operation into the body, or all into operations",
        field: field.rawValue)
    }
  }

  private static func durability(_ scanner: inout JSONScanner) throws -> StoreDurability? {
    if try scanner.kind() == .null {
      _ = try scanner.skipValue()
      return nil
    }
    guard try scanner.kind() == .string, let durability = StoreDurability(rawValue: try scanner.string()) else {
      let names = StoreDurability.allCases.map(\.rawValue).joined(separator: ", ")
      throw AgentProblem.invalid("durability", "must be one of \(names)")
    }
    return durability
  }

  private static func operations(_ scanner: inout JSONScanner) throws -> [NewOperation] {
    guard try scanner.kind() == .array else {
      throw AgentProblem.invalid("operations", "must be an array, not \(try scanner.kind().rawValue)")
    }
    var operations: [NewOperation] = []
    try scanner.array { scanner, index in
      guard index < operationCountMaximum else {
        throw AgentProblem(
          .contentTooLarge, .payloadTooLarge,
          "operations holds more than \(operationCountMaximum): send them in several requests", field: "operations")
      }
      guard try scanner.kind() == .object else {
        throw AgentProblem.invalid("operations[\(index)]", "must be an object, not \(try scanner.kind().rawValue)")
      }
      var draft = OperationDraft(path: "operations[\(index)].")
      try scanner.object { scanner, name in try draft.read(name, from: &scanner) }
      operations.append(try draft.operation(scanner.bytes))
    }
    guard !operations.isEmpty else { throw AgentProblem.invalid("operations", "is empty: there is nothing to enqueue") }
    return operations
  }
}

extension AgentProblem {
  static func duplicate(_ field: String) -> AgentProblem {
    AgentProblem(.badRequest, .duplicateField, "\(field) is given twice", field: field)
  }
}
