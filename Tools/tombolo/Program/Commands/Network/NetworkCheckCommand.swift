import ArgumentParser
import TomboloAgent
import TomboloNetwork

/// `tombolo network check`.
struct NetworkCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Explains the present status of the network in sentences.")

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "Print JSON, in the keys of GET /v1/network.")
  var json = false

  func run() async throws {
    try await NetworkDoor(options: options).open { watch in
      let (status, agent): (WireNetworkStatus, String?) =
        switch watch {
        case .agent(let client, let address): (try await client.network(), address)
        case .own(let monitor): (WireNetworkStatus(await monitor.survey()), nil)
        }
      if json {
        Output.line(bytes: try JSONText.encode(status))
      } else {
        Output.line("\(NetworkExplanation(status: status, agent: agent, clock: .local()))")
      }
    }
  }
}
