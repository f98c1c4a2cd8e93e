import Logging
import ServiceLifecycle
import TomboloAgent
import TomboloComposition
import TomboloPorts
import TomboloQueue
import UnixSignals

/// The running agent: the parts of a system, its HTTP interface, and the way both start, change and end.
struct Agent: Sendable {
  /// Reads the configuration anew, for a reload.
  let load: @Sendable () throws -> Configuration
  let registry: PluginRegistry
  let system: TomboloSystem
  let logSettings: LiveLogSettings
  let telemetry: AgentTelemetry
  let logger: Logger
  /// Called once operations are accepted.
  let onListening: @Sendable (AgentAddress) -> Void

  /// Runs until SIGINT or SIGTERM; closes the system on every path.
  func run() async throws {
    // Read first: a token that cannot be read is no reason to open a store.
    let settings = try AgentServerConfiguration(system.configuration)
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
        storage: StorageDescription(parts.storage.settings.engine), advise: StorageAdvice(parts.storage, registry).text,
        resilience: { parts.policies.map { WireResilience($0) } }),
      configuration: settings, logger: logger, onListening: onListening)
    let reloader = Reloader(
      load: load, system: system, server: server, logSettings: logSettings, logger: logger)
    // Two that meet are rare and short: the second one waits a second before it is refused.
    server.onReload {
      try await ReloadTurn.insist(tries: 20, pausing: { try await Task.sleep(for: .milliseconds(50)) }) {
        try await reloader.reload()
      }
    }
    let hangups = ReloadOnHangup(signals: await UnixSignalsSequence(trapping: .sighup), reloader: reloader)
    // Stopped in reverse: nothing more is accepted and what is being delivered ends, then nobody watches.
    let (work, watching) = (
      parts.services.filter { $0 is SyncWorkerService }, parts.services.filter { !($0 is SyncWorkerService) }
    )
    var group = ServiceGroupConfiguration(
      services: watching + [
        ConcurrentServices(services: work + [server, hangups] + telemetry.services(parts.queue, logger: logger))
      ],
      gracefulShutdownSignals: [.sigint, .sigterm], logger: quiet)
    // Whoever keeps a request or a delivery going for longer is cut off.
    let grace = system.configuration.agent.shutdownGrace
    group.maximumGracefulShutdownDuration = grace
    do {
      try await ServiceGroup(configuration: group).run()
    } catch is CancellationError {
      logger.warning(
        "agent.shutdownGrace is over; what was being delivered is cut off and goes back unburnt",
        metadata: ["grace": "\(grace)", "delivering": "\(parts.worker.inFlightCount)"])
    }
  }

  /// The group's own words about each service are of interest to nobody but its authors.
  private var quiet: Logger {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return quiet
  }
}
