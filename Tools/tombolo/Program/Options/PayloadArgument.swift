import Foundation
import TomboloAgent

/// Where the payload of an operation comes from.
enum PayloadArgument: Hashable {
  case none
  /// The text of `--data` itself.
  case text(String)
  /// The file after the `@`.
  case file(String)
  case standardInput

  /// - Parameters:
  ///   - data: the value of `--data`.
  ///   - source: the argument that stands alone; only `-` is allowed.
  init(data: String?, source: String?) throws(CommandError) {
    if let source, source != "-" {
      throw CommandError(
        .usage,
        "\"\(SafeText.line(source, limit: 64))\" is not expected: give the payload with --data, or - to read it "
          + "from standard input")
    }
    if data != nil, source != nil {
      throw CommandError(.usage, "--data and - are given together: give the payload once")
    }
    if source != nil || data == "-" {
      self = .standardInput
    } else if let data, data.hasPrefix("@") {
      guard data.count > 1 else { throw CommandError(.usage, "--data @ names no file: write --data @FILE") }
      self = .file(String(data.dropFirst()))
    } else if let data {
      self = .text(data)
    } else {
      self = .none
    }
  }

  /// The bytes, read from wherever they are. `option` is named in messages.
  func read(option: String = "--data") throws -> [UInt8] {
    switch self {
    case .none: return []
    case .text(let text): return Array(text.utf8)
    case .file(let path):
      do {
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
      } catch {
        let reason = FileManager.default.fileExists(atPath: path) ? error.localizedDescription : "there is no such file"
        throw CommandError(
          .usage, "\(option) @\(SafeText.line(path, limit: 256)) cannot be read: \(reason)", cause: error)
      }
    case .standardInput: return Array(try FileHandle.standardInput.readToEnd() ?? Data())
    }
  }

  /// Requires that `bytes` are JSON; says what is wrong with them, and where.
  static func requireJSON(_ bytes: [UInt8]) throws(CommandError) {
    guard let problem = JSONCheck.problem(in: bytes) else { return }
    throw CommandError(
      .usage,
      "the payload is not JSON: \(problem)\nQuote it for the shell (--data '{\"amount\": 12}'), or add --raw to send the "
        + "bytes as they are")
  }
}
