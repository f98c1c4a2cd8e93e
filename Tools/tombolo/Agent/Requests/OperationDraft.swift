import HTTPTypes
import TomboloPorts
import TomboloQueue

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An operation of a request while its fields come in.
struct OperationDraft {
  /// Every field an operation may have.
  enum Field: String, CaseIterable {
    case kind, version, orderingKey, priority, payload, payloadBase64, idempotencyKey, coalescingKey, notBefore
    case expiresAt, headers, uniqueness, namespace, after, base
  }

  /// What stands before the names of its fields in messages: `operations[2].`.
  let path: String
  /// The fields that came, those that were `null` included.
  private(set) var given: [Field] = []

  private var kind: String?
  private var version = 1
  private var orderingKey: String?
  private var priority = OperationPriority.normal
  private var payload: Range<Int>?
  private var payloadBytes: [UInt8]?
  private var idempotencyKey: String?
  private var coalescingKey: String?
  private var notBefore: Timestamp?
  private var expiresAt: Timestamp?
  private var headers: [OperationHeader] = []
  private var uniqueness: UniquenessPolicy?
  private var namespace: String?
  private var after: [OperationReference] = []
  private var base: Range<Int>?

  init(path: String) {
    self.path = path
  }

  /// Reads the value of a field. `alsoKnown` are names that may be meant by an unknown one besides the fields.
  mutating func read(_ name: String, from scanner: inout JSONScanner, alsoKnown: [String] = []) throws {
    guard let field = Field(rawValue: name) else {
      throw AgentProblem.unknownField(path + name, name: name, among: Field.allCases.map(\.rawValue) + alsoKnown)
    }
    guard !given.contains(field) else { throw AgentProblem.duplicate(path + name) }
    given.append(field)
    // `null` is a payload like any other; elsewhere it says that the field is not given.
    if field == .payload {
      payload = try scanner.skipValue()
      return
    }
    if try scanner.kind() == .null {
      _ = try scanner.skipValue()
      return
    }
    switch field {
    case .kind: kind = try string(field, &scanner)
    case .version: version = try integer(field, &scanner)
    case .orderingKey: orderingKey = try string(field, &scanner)
    case .priority: priority = try priority(&scanner)
    case .payload: break
    case .payloadBase64: payloadBytes = try base64(&scanner)
    case .idempotencyKey: idempotencyKey = try string(field, &scanner)
    case .coalescingKey: coalescingKey = try string(field, &scanner)
    case .notBefore: notBefore = try timestamp(field, &scanner)
    case .expiresAt: expiresAt = try timestamp(field, &scanner)
    case .headers: headers = try OperationHeaders.read(from: &scanner, field: path + field.rawValue)
    case .uniqueness: uniqueness = try uniqueness(&scanner)
    case .namespace: namespace = try string(field, &scanner)
    case .after: after = try references(&scanner)
    case .base: base = try scanner.skipValue()
    }
  }

  /// The operation, once every field came; payload and base are copied out of `body` here, and nowhere else.
  func operation(_ body: [UInt8]) throws -> NewOperation {
    guard let kind else {
      throw AgentProblem(
        .badRequest, .missingField, #"\#(path)kind is missing: it names what is to be done, such as "orders.create""#,
        field: path + "kind")
    }
    guard payload == nil || payloadBytes == nil else {
      throw AgentProblem(
        .badRequest, .conflictingFields,
        "\(path)payload and \(path)payloadBase64 are given together: give JSON as payload, or other bytes as payloadBase64",
        field: path + "payloadBase64")
    }
    var headers = headers
    if payload != nil, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
      headers.append(OperationHeader(name: "Content-Type", value: "application/json"))
    }
    return NewOperation(
      kind: kind, version: version, payload: payload.map { Array(body[$0]) } ?? payloadBytes ?? [], priority: priority,
      orderingKey: orderingKey, idempotencyKey: idempotencyKey, coalescingKey: coalescingKey, uniqueness: uniqueness,
      notBefore: notBefore, expiresAt: expiresAt, namespace: namespace, after: after,
      base: base.map { Array(body[$0]) },
      headers: headers)
  }

  // MARK: - Values

  private func string(_ field: Field, _ scanner: inout JSONScanner) throws -> String {
    guard try scanner.kind() == .string else {
      throw AgentProblem.invalid(path + field.rawValue, "must be a string, not \(try scanner.kind().rawValue)")
    }
    return try scanner.string()
  }

  private func integer(_ field: Field, _ scanner: inout JSONScanner) throws -> Int {
    guard try scanner.kind() == .number, let value = try scanner.integer() else {
      throw AgentProblem.invalid(path + field.rawValue, "must be a whole number")
    }
    return value
  }

  private func priority(_ scanner: inout JSONScanner) throws -> OperationPriority {
    let name = try string(.priority, &scanner)
    guard let priority = OperationPriority(name: name) else {
      let names = OperationPriority.allCases.map(\.name).joined(separator: ", ")
      throw AgentProblem.invalid(path + "priority", "\"\(name.prefix(64))\" is unknown: give one of \(names)")
    }
    return priority
  }

  private func uniqueness(_ scanner: inout JSONScanner) throws -> UniquenessPolicy {
    let name = try string(.uniqueness, &scanner)
    guard let policy = UniquenessPolicy(rawValue: name) else {
      let names = UniquenessPolicy.allCases.map(\.rawValue).joined(separator: ", ")
      throw AgentProblem.invalid(path + "uniqueness", "\"\(name.prefix(64))\" is unknown: give one of \(names)")
    }
    return policy
  }

  /// What it waits for: operations by their identifiers, and earlier ones of the same request by their positions.
  private func references(_ scanner: inout JSONScanner) throws -> [OperationReference] {
    let field = path + "after"
    guard try scanner.kind() == .array else {
      throw AgentProblem.invalid(field, "must be an array, not \(try scanner.kind().rawValue)")
    }
    var references: [OperationReference] = []
    try scanner.array { scanner, index in
      switch try scanner.kind() {
      case .string:
        guard let id = OperationID(try scanner.string()) else {
          throw AgentProblem.invalid("\(field)[\(index)]", "is no operation's id, as enqueueing answered it")
        }
        references.append(.operation(id))
      case .number:
        guard let position = try scanner.integer(), position >= 0 else {
          throw AgentProblem.invalid("\(field)[\(index)]", "must be a position in operations, counted from 0")
        }
        references.append(.inBatch(position))
      default:
        throw AgentProblem.invalid(
          "\(field)[\(index)]", "must be an operation's id, or the position of an earlier one in operations")
      }
    }
    return references
  }

  private func timestamp(_ field: Field, _ scanner: inout JSONScanner) throws -> Timestamp {
    guard try scanner.kind() == .string, let moment = WireTimestamp(try scanner.string()) else {
      throw AgentProblem.invalid(path + field.rawValue, "must be an RFC 3339 timestamp, such as 2026-11-21T10:42:07Z")
    }
    return moment.timestamp
  }

  private func base64(_ scanner: inout JSONScanner) throws -> [UInt8] {
    let text = try string(.payloadBase64, &scanner)
    guard let data = Data(base64Encoded: text) else {
      throw AgentProblem.invalid(
        path + "payloadBase64", "is not base64: the standard alphabet (with + and /) and padding (with =) are needed")
    }
    return Array(data)
  }
}
