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

  /// The answer to `GET /v1/operations/{id}`.
  init(json: [UInt8]) throws {
    self.json = json
    if let range = JSONText.range(of: "payload", in: json) {
      payload = Array(json[range])
      // Not decoded: its numbers and its depth may be more than a decoder bears.
      let rest = json[..<range.lowerBound] + Array("null".utf8) + json[range.upperBound...]
      operation = try JSONDecoder().decode(WireOperation.self, from: Data(rest))
    } else {
      operation = try JSONDecoder().decode(WireOperation.self, from: Data(json))
      payload = operation.payloadBase64.flatMap { Data(base64Encoded: $0) }.map { Array($0) } ?? []
    }
  }

  /// What the agent would answer.
  init(_ snapshot: OperationSnapshot) throws {
    var text = try JSONText.encode(WireJSON(snapshot))
    if let conflict = WireConflict(snapshot) {
      text = try JSONText.adding("conflict", value: JSONText.encode(conflict), to: text)
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
