import ArgumentParser
import Logging
import TomboloComposition

/// `tombolo run`.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs the agent until SIGINT or SIGTERM.",
    discussion: """
      Prints `listening on http://HOST:PORT` (or `listening on unix:/PATH`) on standard output once operations are accepted. \
      The log goes to standard error. SIGHUP, or POST /v1/reload, reads the configuration anew.
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let configuration = try options.load()
    let settings = LiveLogSettings(configuration.logging)
    LoggingSystem.bootstrap { StandardErrorLogHandler(label: $0, settings: settings) }
    let logger = Logger(label: "tombolo")
    let registry = try CompiledInPlugins.registry()
    let telemetry = AgentTelemetry.bootstrapped
    let agent = Agent(
      load: { [options] in try options.load(from: registry) }, registry: registry,
      system: try options.system(configuration, observation: telemetry.observation, logger: logger),
      logSettings: settings, telemetry: telemetry, logger: logger
    ) { address in
      Output.line("listening on \(address)")
    }
    try await agent.run()
  }
}
