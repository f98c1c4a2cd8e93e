import Foundation
import TomboloPorts

/// A record as `tombolo storage dump` prints it.
struct DumpLine: Encodable {
  var key: String
  var keyBase64: String
  var revision: String?
  var bytes: Int
  var value: String?

  init(_ record: Record, hidesValue: Bool, hidesRevision: Bool) {
    key = record.key.description
    keyBase64 = Data(record.key.bytes).base64EncodedString()
    revision = hidesRevision ? nil : record.revision.description
    bytes = record.value.count
    value = hidesValue ? nil : Data(record.value).base64EncodedString()
  }
}
