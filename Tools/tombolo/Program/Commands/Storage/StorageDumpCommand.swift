import ArgumentParser
import Foundation
import TomboloPorts
import TomboloStorage

/// `tombolo storage dump`.
struct StorageDumpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Prints every record as a line of JSON, in the order of the keys.",
    discussion: """
      `key` is for reading, `keyBase64` is exact; `bytes` is the length of the value. An encrypted store is printed decrypted.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Flag(name: .customLong("no-values"), help: "Leave the values out.")
  var hidesValues = false

  func run() async throws {
    try await StorageDoor(settings: try options.loadStorage()).open { store in
      var reader = RecordReader(store)
      while let records = try await reader.chunk() {
        for record in records {
          Output.line(bytes: try JSONText.encode(DumpLine(record, hidesValue: hidesValues)))
        }
      }
    }
  }
}

/// A record as `tombolo storage dump` prints it.
struct DumpLine: Encodable {
  var key: String
  var keyBase64: String
  var revision: String
  var bytes: Int
  var value: String?

  init(_ record: Record, hidesValue: Bool) {
    key = record.key.description
    keyBase64 = Data(record.key.bytes).base64EncodedString()
    revision = record.revision.description
    bytes = record.value.count
    value = hidesValue ? nil : Data(record.value).base64EncodedString()
  }
}
