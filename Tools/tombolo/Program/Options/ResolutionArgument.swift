import Foundation
import TomboloAgent
import TomboloQueue

/// The value of `--resolution`: `local`, `remote`, or the file with the payload that both versions became.
enum ResolutionArgument {
  /// Reads the file, when it is one.
  static func choice(_ text: String) throws -> ConflictChoice {
    switch text {
    case "local": return .local
    case "remote": return .remote
    default:
      do {
        return .merged(Array(try Data(contentsOf: URL(fileURLWithPath: text))))
      } catch {
        let reason = FileManager.default.fileExists(atPath: text) ? error.localizedDescription : "there is no such file"
        throw CommandError(
          .usage,
          "--resolution \(SafeText.line(text, limit: 256)) cannot be read: \(reason). Give local, remote, or the file with the "
            + "payload that is to stand", cause: error)
      }
    }
  }
}
