import Foundation
import TomboloAgent

/// What a person is told when the agent answers with a problem.
enum AgentRefusal {
  /// Problems that whoever typed the command can mend there.
  private static let usageCodes: Set<String> = [
    "missingField", "unknownField", "conflictingFields", "invalidField", "invalidParameter", "malformedID",
    "malformedJSON",
  ]

  static func error(status: UInt, body: [UInt8], address: AgentEndpoint) -> CommandError {
    let problem: WireProblem
    do {
      problem = try JSONDecoder().decode(WireProblem.self, from: Data(body))
    } catch {
      return CommandError(
        .failed, "the agent at \(address) answered \(status), and does not say why", cause: error)
    }
    if problem.code == "unauthorized" {
      return CommandError(
        .failed,
        "the agent at \(address) does not accept our token: agent.token, or the file agent.tokenFile names, must be the one "
          + "it was started with")
    }
    return CommandError(usageCodes.contains(problem.code) ? .usage : .failed, problem.detail)
  }
}
