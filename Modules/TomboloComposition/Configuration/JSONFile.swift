import Foundation

/// What is different about a config file named `*.json`: it must be JSON in every detail, though the YAML reader reads it,
/// which knows the place of every value.
enum JSONFile {
  static func isOne(_ name: String) -> Bool { name.lowercased().hasSuffix(".json") }

  /// What makes the text something else than JSON; `nil` when it is JSON.
  static func fault(in text: String, file: String) -> ConfigurationProblem? {
    guard !text.allSatisfy(\.isWhitespace) else { return nil }
    if let place = trailingComma(in: text) {
      return ConfigurationProblem(
        .syntax, at: "", origin: .file(SourcePosition(file: file, line: place.line, column: place.column)),
        "not valid JSON: nothing follows this comma; remove it")
    }
    do {
      _ = try JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
      return nil
    } catch {
      let said = (error as NSError).userInfo[NSDebugDescriptionErrorKey] as? String ?? error.localizedDescription
      return ConfigurationProblem(
        .syntax, at: "", origin: .file(place(said, in: file)), "not valid JSON: \(said)")
    }
  }

  /// The first comma with nothing but a closing bracket behind it: the parser lets it pass.
  private static func trailingComma(in text: String) -> (line: Int, column: Int)? {
    var (line, column) = (1, 0)
    var comma: (line: Int, column: Int)?
    var (isInText, isEscaped) = (false, false)
    for scalar in text.unicodeScalars {
      column += 1
      if isInText {
        if isEscaped {
          isEscaped = false
        } else if scalar == "\\" {
          isEscaped = true
        } else {
          isInText = scalar != "\""
        }
        continue
      }
      switch scalar {
      case "\n": (line, column) = (line + 1, 0)
      case " ", "\t", "\r": continue
      case ",": comma = (line, column)
      case "}", "]":
        if let comma { return comma }
      default:
        comma = nil
        isInText = scalar == "\""
      }
    }
    return nil
  }

  /// The place that the parser names, as in `… around line 3, column 7.`; otherwise the file as a whole.
  private static func place(_ message: String, in file: String) -> SourcePosition {
    let numbers = message.split { !($0.isASCII && $0.isNumber) }.compactMap { Int($0) }
    guard message.contains("line"), message.contains("column"), numbers.count >= 2 else {
      return SourcePosition(file: file, line: 1, column: 1)
    }
    // The parser counts columns from 0.
    return SourcePosition(file: file, line: numbers[numbers.count - 2], column: numbers[numbers.count - 1] + 1)
  }

  /// The same text with characters in the place of surrogate pairs (`\ud83d\ude00`): JSON writes them so, YAML has no such
  /// escape.
  static func withoutSurrogates(_ text: String) -> String {
    guard text.contains("\\u") || text.contains("\\U") else { return text }
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "\\") {
      result += rest[..<start]
      let escape = rest[start...]
      if let high = unit(escape), (0xD800...0xDBFF).contains(high),
        let low = unit(escape.dropFirst(6)), (0xDC00...0xDFFF).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
      {
        result.unicodeScalars.append(scalar)
        rest = escape.dropFirst(12)
      } else {
        result += escape.prefix(2)
        rest = escape.dropFirst(2)
      }
    }
    return result + rest
  }

  /// The code unit of `\uXXXX` at the beginning of `text`.
  private static func unit(_ text: Substring) -> UInt16? {
    guard text.hasPrefix("\\u") else { return nil }
    return UInt16(text.dropFirst(2).prefix(4), radix: 16)
  }
}
