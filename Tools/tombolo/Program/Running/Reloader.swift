import Logging
import TomboloAgent
import TomboloComposition

/// Brings a changed configuration into the running agent, all of it or nothing.
struct Reloader: Sendable {
  /// Reads the configuration anew, from the same layers as at the start.
  let load: @Sendable () throws -> Configuration
  let system: TomboloSystem
  let server: AgentServer
  let logSettings: LiveLogSettings
  let logger: Logger

  /// - Throws: `AgentReloadError`, which says what is wrong; the old configuration goes on then. It is logged as well.
  func reload() async throws -> AgentReload {
    do {
      let next = try load()
      // Read before anything is made: a token that cannot be read is a reason to change nothing.
      let settings = try AgentServerConfiguration(next)
      try server.check(settings)
      let report = try await system.reload(next)
      server.update(settings)
      logSettings.value = next.logging
      tell(report)
      return AgentReload(changed: report.changed, needsRestart: report.needsRestart)
    } catch let error as CancellationError {
      throw error
    } catch {
      logger.error("not reloaded: the configuration before goes on", metadata: ["error": "\(error)"])
      let isBusy = (error as? ReloadError)?.code == .busy
      throw AgentReloadError(isBusy: isBusy, "\(error)")
    }
  }

  private func tell(_ report: ReloadReport) {
    logger.notice("reloaded", metadata: ["changed": "\(report.changed.joined(separator: ", "))"])
    guard !report.needsRestart.isEmpty else { return }
    logger.warning(
      "some of what changed counts only after a restart",
      metadata: ["keys": "\(report.needsRestart.joined(separator: ", "))"])
  }
}

extension AgentServerConfiguration {
  /// What the section `agent` says of the HTTP interface; reads the file of the token.
  init(_ configuration: Configuration) throws {
    let agent = configuration.agent
    self.init(
      address: try AgentAddress(agent.listen.description), bearerToken: try AgentToken.read(agent),
      hostNames: agent.hostNames, connectionsMaximum: agent.connectionsMaximum,
      payloadByteCountMaximum: configuration.queue.payloadMaximum)
  }
}
