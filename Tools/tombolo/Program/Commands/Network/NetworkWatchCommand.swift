import ArgumentParser
import TomboloAgent
import TomboloNetwork

/// `tombolo network watch`.
struct NetworkWatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Prints the status of the network, and every change as it happens, with what says so. Ends with Ctrl-C.")

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "Print JSON, one object a line, in the keys of GET /v1/network.")
  var json = false

  func run() async throws {
    try await NetworkDoor(options: options).open { watch in
      var lines = NetworkChangeLines()
      func tell(_ status: WireNetworkStatus) throws {
        // The agent repeats itself now and then, to find out who still listens.
        guard lines.isChange(status) else { return }
        if json {
          Output.line(bytes: try JSONText.encode(status))
        } else {
          for line in lines.text(status, clock: .local()) { Output.line(line) }
        }
      }
      switch watch {
      case .agent(let client, let address):
        if !json { Output.error("watching through the agent on \(address)") }
        try await client.networkChanges(tell)
        throw CommandError(.failed, "the agent on \(address) has stopped: it tells no more changes")
      case .own(let monitor):
        if !json { Output.error("no agent runs: watching with the sources of the config") }
        // First the whole picture: an optimistic guess is no news.
        try tell(WireNetworkStatus(await monitor.survey()))
        async let running: Void = monitor.run()
        for await status in monitor.statuses() { try tell(WireNetworkStatus(status)) }
        await running
      }
    }
  }
}
