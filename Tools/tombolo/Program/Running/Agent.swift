import Logging
import ServiceLifecycle
import TomboloAgent
import TomboloComposition
import UnixSignals

/// The running agent: the parts of a system, its HTTP interface, and the way both start and end.
struct Agent: Sendable {
  let configuration: Configuration
  let system: TomboloSystem
  let logger: Logger
  /// Called once operations are accepted.
  let onListening: @Sendable (AgentAddress) -> Void

  /// Runs until SIGINT or SIGTERM; closes the system on every path.
  func run() async throws {
    // Read first: a token that cannot be read is no reason to open a store.
    let settings = try serverConfiguration()
    let parts = try await system.start()
    do {
      try await serve(parts, settings)
    } catch {
      do {
        try await system.close()
      } catch let later {
        logger.error("closing failed", metadata: ["error": "\(later)"])
      }
      throw error
    }
    try await system.close()
    logger.info("stopped")
  }

  private func serve(_ parts: TomboloSystem.Parts, _ settings: AgentServerConfiguration) async throws {
    let server = try AgentServer(
      AgentParts(
        queue: parts.queue, worker: parts.worker, network: parts.monitor,
        storage: StorageDescription(configuration.storage)),
      configuration: settings, logger: logger, onListening: onListening)
    // Stopped in reverse: first nothing more is accepted, then what is being delivered ends, then nobody watches.
    var group = ServiceGroupConfiguration(
      services: [NetworkMonitorService(parts.monitor), SyncWorkerService(parts.worker), server],
      gracefulShutdownSignals: [.sigint, .sigterm], logger: quiet)
    // Whoever keeps a request or a delivery going for longer is cut off.
    group.maximumGracefulShutdownDuration = configuration.agent.shutdownGrace
    do {
      try await ServiceGroup(configuration: group).run()
    } catch is CancellationError {
      logger.warning("the grace period is over; what was being delivered goes back unburnt")
    }
  }

  /// The group's own words about each service are of interest to nobody but its authors.
  private var quiet: Logger {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return quiet
  }

  private func serverConfiguration() throws -> AgentServerConfiguration {
    AgentServerConfiguration(
      address: try AgentAddress(configuration.agent.listen.description),
      bearerToken: try AgentToken.read(configuration.agent),
      payloadByteCountMaximum: configuration.queue.payloadMaximum)
  }
}
