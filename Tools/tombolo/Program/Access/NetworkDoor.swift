import AsyncHTTPClient
import Logging
import TomboloAgent
import TomboloComposition
import TomboloNetwork

/// Finds who watches the network: the agent if one runs, else a monitor of this command's own, made from the same config.
struct NetworkDoor {
  let options: ConfigurationOptions

  /// What was found.
  enum Watch {
    case agent(AgentClient, address: String)
    case own(NetworkMonitor)
  }

  /// Hands `body` what watches, and closes whatever was made for it.
  func open<Result>(_ body: (Watch) async throws -> Result) async throws -> Result {
    let configuration = try options.load()
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: AgentClient.clientConfiguration)
    return try await Closing.after {
      let agent = try AgentClient(client, configuration: configuration)
      if try await agent.isThere() {
        return try await body(.agent(agent, address: AgentEndpoint(configuration.agent.listen).description))
      }
      let settings = LiveLogSettings(configuration.logging)
      // What a person must know to read the status: that the system cannot be asked.
      let logger = Logger(label: "tombolo") { label in
        var handler = StandardErrorLogHandler(label: label, settings: settings)
        handler.logLevel = .warning
        return handler
      }
      let system = try options.system(configuration, logger: logger)
      return try await Closing.after {
        try await body(.own(try await system.openMonitor()))
      } close: {
        try await system.close()
      }
    } close: {
      try await client.shutdown()
    }
  }
}
