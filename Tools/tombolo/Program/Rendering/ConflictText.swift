import Foundation
import TomboloAgent

/// The conflict that an operation is parked for, as rows of `tombolo show`: the fields that differ, or the other version.
struct ConflictText {
  /// How many fields are shown; `--json` shows all of them.
  static let fieldCountMaximum = 20
  private static let valueCharacterLimit = 60

  let conflict: WireConflict

  var rows: [[String]] {
    var rows = [["conflict", SafeText.line(conflict.detail)]]
    if let moment = conflict.modifiedAt { rows.append(["there since", moment]) }
    guard let differences = conflict.differences else {
      rows.append(["there", other])
      return rows
    }
    for difference in differences.prefix(Self.fieldCountMaximum) {
      let before = difference.base.map { ", before \(value($0))" } ?? ""
      rows.append([
        "differs",
        "\(SafeText.line(difference.path)): here \(value(difference.local)), there \(value(difference.remote))\(before)",
      ])
    }
    let rest = differences.count - Self.fieldCountMaximum
    if rest > 0 { rows.append(["differs", "and \(rest) more fields: use --json to see them"]) }
    return rows
  }

  private func value(_ text: String?) -> String {
    text.map { SafeText.line($0, limit: Self.valueCharacterLimit) } ?? "nothing"
  }

  private var other: String {
    guard let text = conflict.payloadBase64, let bytes = Data(base64Encoded: text) else { return "not told" }
    guard let words = String(validating: bytes, as: UTF8.self) else {
      return "\(ByteCountWords.text(bytes.count)), not text: use --json to see them in base64"
    }
    return "\(ByteCountWords.text(bytes.count)): \(SafeText.line(words, limit: OperationText.payloadCharacterLimit))"
  }
}
