import Foundation
import TomboloAgent
import TomboloPorts
import TomboloQueue

/// The body of `POST /v1/operations` for one operation.
struct EnqueueBody {
  let bytes: [UInt8]

  /// A payload that says it is JSON, and is, travels as it is, byte for byte; any other in base64. A base has to be JSON.
  init(_ operation: NewOperation, durability: StoreDurability? = nil) throws {
    var fields: [String: WireJSON] = [
      "kind": .string(operation.kind), "priority": .string(operation.priority.name),
      "version": .number(Decimal(operation.version)),
    ]
    fields["orderingKey"] = operation.orderingKey.map { .string($0) }
    fields["idempotencyKey"] = operation.idempotencyKey.map { .string($0) }
    fields["coalescingKey"] = operation.coalescingKey.map { .string($0) }
    fields["notBefore"] = operation.notBefore.map { .string($0.description) }
    fields["expiresAt"] = operation.expiresAt.map { .string($0.description) }
    fields["uniqueness"] = operation.uniqueness.map { .string($0.rawValue) }
    fields["namespace"] = operation.namespace.map { .string($0) }
    fields["durability"] = durability.map { .string($0.rawValue) }
    if !operation.after.isEmpty {
      fields["after"] = .array(
        operation.after.map { reference in
          switch reference {
          case .operation(let id): .string(id.description)
          case .inBatch(let position): .number(Decimal(position))
          }
        })
    }
    if !operation.headers.isEmpty {
      fields["headers"] = .object(
        Dictionary(operation.headers.map { ($0.name, .string($0.value)) }, uniquingKeysWith: { first, _ in first }))
    }
    // With `--raw` a header may say so of any bytes; put into the body as they are, they could add fields to it.
    let isJSON = operation.isPayloadJSON && JSONCheck.problem(in: operation.payload) == nil
    if !isJSON { fields["payloadBase64"] = .string(Data(operation.payload).base64EncodedString()) }
    var text = try JSONText.encode(WireJSON.object(fields))
    if isJSON { text = JSONText.adding("payload", value: operation.payload, to: text) }
    if let base = operation.base { text = JSONText.adding("base", value: base, to: text) }
    bytes = text
  }
}

extension NewOperation {
  /// Whether its headers declare it so.
  var isPayloadJSON: Bool {
    headers.contains { $0.name.lowercased() == "content-type" && $0.value.lowercased().hasPrefix("application/json") }
  }
}
