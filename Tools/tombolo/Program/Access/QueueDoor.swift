import AsyncHTTPClient
import Logging
import TomboloComposition
import TomboloPorts

/// Finds the way to the queue: through the agent if one runs, else into the store.
struct QueueDoor {
  let options: ConfigurationOptions

  /// Hands `body` the queue, and closes whatever was opened for it.
  func open<Result>(
    _ body: (any QueueAccess, Configuration) async throws -> Result
  ) async throws -> Result {
    let configuration = try options.load()
    let address = configuration.agent.listen
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: AgentClient.clientConfiguration)
    return try await Closing.after {
      let agent = try AgentClient(client, configuration: configuration)
      if try await agent.isThere() { return try await body(agent, configuration) }
      let system = try options.system(configuration, logger: Logger(label: "tombolo") { _ in SwiftLogNoOpLogHandler() })
      return try await Closing.after {
        do {
          let (queue, storage) = try await system.openQueue()
          return try await body(DirectQueue(queue: queue, storage, CompiledInPlugins.registry()), configuration)
        } catch let error as StoreError where error.code == .inUse {
          throw CommandError(
            .failed,
            "no agent answers at \(address), and \(error.message).\nIf an agent holds the store, agent.listen must say "
              + "where it listens (see the line it printed when it started)", cause: error)
        }
      } close: {
        try await system.close()
      }
    } close: {
      try await client.shutdown()
    }
  }
}
