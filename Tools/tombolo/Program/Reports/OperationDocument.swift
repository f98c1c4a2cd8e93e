import Foundation
import TomboloAgent
import TomboloPorts
import TomboloQueue

/// One operation, taken apart and as the JSON it came as.
struct OperationDocument {
  /// Without the payload.
  var operation: WireOperation
  /// The payload in it is byte for byte what was enqueued.
  var json: [UInt8]
  /// The payload's own bytes.
  var payload: [UInt8]
  /// What the payload was before the change, when that was told.
  var base: [UInt8]?

  /// The answer to `GET /v1/operations/{id}`.
  init(json: [UInt8]) throws {
    self.json = json
    // Not decoded: their numbers and their depth may be more than a decoder bears.
    var rest = json
    for name in ["payload", "base"] {
      guard let range = JSONText.range(of: name, in: rest) else { continue }
      rest.replaceSubrange(range, with: Array("null".utf8))
    }
    operation = try JSONDecoder().decode(WireOperation.self, from: Data(rest))
    base = JSONText.range(of: "base", in: json).map { Array(json[$0]) }
    payload =
      JSONText.range(of: "payload", in: json).map { Array(json[$0]) }
      ?? operation.payloadBase64.flatMap { Data(base64Encoded: $0) }.map { Array($0) } ?? []
  }

  /// What the agent would answer.
  init(_ snapshot: OperationSnapshot) throws {
    var text = try JSONText.encode(WireJSON(snapshot))
    if let conflict = WireConflict(snapshot) {
      text = try JSONText.adding("conflict", value: JSONText.encode(conflict), to: text)
    }
    if let base = snapshot.operation.base, JSONCheck.problem(in: base) == nil {
      text = JSONText.adding("base", value: base, to: text)
    }
    let payload = snapshot.operation.payload
    if JSONCheck.problem(in: payload) == nil {
      try self.init(json: JSONText.adding("payload", value: payload, to: text))
    } else {
      // Any other bytes are as good a payload.
      let base64 = try JSONText.encode(Data(payload).base64EncodedString())
      try self.init(json: JSONText.adding("payloadBase64", value: base64, to: text))
    }
  }
}
