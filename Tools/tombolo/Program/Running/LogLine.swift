import Foundation
import Logging
import TomboloAgent
import TomboloComposition
import TomboloPorts

/// One line of the log.
struct LogLine {
  var at: Timestamp
  var level: Logger.Level
  var label: String
  var message: String
  var metadata: Logger.Metadata

  func text(_ format: LoggingSettings.Format) -> String {
    switch format {
    case .text: plain
    case .json: json
    }
  }

  /// `2026-11-21T10:42:07.250Z warning  the store failed code=full`, the metadata in the order of their names.
  private var plain: String {
    let name = level.rawValue
    let fields = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }
    let padding = String(repeating: " ", count: max(0, "critical".count - name.count))
    return "\(at) \(name)\(padding) \(SafeText.line(message))\(fields.joined())"
  }

  private static func quoted(_ value: String) -> String {
    let line = SafeText.line(value)
    return line.isEmpty || line.contains(where: { $0 == " " || $0 == "\"" })
      ? "\"\(line.replacingOccurrences(of: "\"", with: "\\\""))\"" : line
  }

  /// `{"level":…,"logger":…,"message":…,"metadata":{…},"time":…}`, `metadata` only when there is any.
  private var json: String {
    var fields: [String: WireJSON] = [
      "time": .string(at.description), "level": .string(level.rawValue), "logger": .string(label),
      "message": .string(message),
    ]
    if !metadata.isEmpty { fields["metadata"] = .object(metadata.mapValues(Self.json)) }
    do {
      return String(decoding: try JSONText.encode(WireJSON.object(fields)), as: UTF8.self)
    } catch {
      return #"{"level":"error","message":"a line of the log cannot be written as JSON","time":"\#(at)"}"#
    }
  }

  private static func json(_ value: Logger.MetadataValue) -> WireJSON {
    switch value {
    case .string(let text): .string(text)
    case .stringConvertible(let value): .string(value.description)
    case .array(let values): .array(values.map(json))
    case .dictionary(let values): .object(values.mapValues(json))
    }
  }
}
