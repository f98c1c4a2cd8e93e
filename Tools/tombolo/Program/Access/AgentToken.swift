import Foundation
import TomboloComposition

/// The bearer token of the agent, as the config gives it.
enum AgentToken {
  /// The token itself, or what the file holds, without the line break at its end; `nil` when neither is set.
  static func read(_ settings: AgentSettings) throws(CommandError) -> String? {
    if let token = settings.token { return token.value }
    guard let path = settings.tokenFile else { return nil }
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      let reason = FileManager.default.fileExists(atPath: path) ? error.localizedDescription : "there is no such file"
      throw CommandError(
        .usage, "the agent's token cannot be read from \(path) (agent.tokenFile): \(reason)", cause: error)
    }
    let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !token.isEmpty else {
      throw CommandError(.usage, "\(path) (agent.tokenFile) is empty: write the agent's token into it")
    }
    return token
  }
}
