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
  /// Held from the first layer read to the last part set: of two reloads at once, the one that read an older file could
  /// otherwise have the last word about a part.
  let turn = ReloadTurn()

  /// - Throws: `AgentReloadError`, which says what is wrong; the old configuration goes on then. It is logged as well, unless
  ///   another reload is under way.
  func reload() async throws -> AgentReload {
    try await turn.take { try await reloadAlone() }
  }

  private func reloadAlone() async throws -> AgentReload {
    do {
      let next = try load()
      // Read before anything is made: a token that cannot be read is a reason to change nothing.
      let settings = try AgentServerConfiguration(next)
      try server.check(settings)
      var report = try await system.reload(next)
      if server.update(settings), !report.changed.contains(where: Self.tokenKeys.contains) {
        // The path is the same, what the file holds is not.
        report.changed.append("agent.tokenFile")
      }
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

  private static let tokenKeys: Set<String> = ["agent.token", "agent.tokenFile"]

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
