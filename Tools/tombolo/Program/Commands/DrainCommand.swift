import ArgumentParser
import AsyncHTTPClient
import Logging
import TomboloAgent
import TomboloComposition
import TomboloNetwork
import TomboloPorts
import TomboloQueue

/// `tombolo drain`.
struct DrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract: "Delivers what can be delivered now and ends, for a cron job or a device that wakes for a while.",
    discussion: """
      Works on the store itself: no agent may run. Backoffs, due times and a network that is away are not waited for. With \
      --within it is over after that time whatever happens, and what did not finish goes back unburnt.

      Exit status: 0 when the pass was made, whatever it came to; the summary and `tombolo status` tell that.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("The longest it may take, such as 25s or 10m.", valueName: "duration"))
  var within: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() async throws {
    let limit = try within.map { try Self.duration($0) }
    let began = ContinuousClock.now
    let configuration = try options.load()
    try await requireNoAgent(configuration)
    let settings = LiveLogSettings(configuration.logging)
    let logger = Logger(label: "tombolo") { StandardErrorLogHandler(label: $0, settings: settings) }
    let system = try options.system(configuration, logger: logger)
    let summary = try await Closing.after {
      let parts = try await system.start()
      // Nobody watches the network for so short a time: it is asked once.
      _ = await parts.monitor.survey()
      guard let limit else { return try await parts.worker.drain() }
      // Opening and asking took their part of it.
      let rest = limit - began.duration(to: .now)
      return try await parts.worker.process(until: parts.queue.time.now.advanced(by: rest))
    } close: {
      try await system.close()
    }
    if json { Output.line(bytes: try JSONText.encode(DrainReport(summary))) } else { Output.line("\(summary)") }
  }

  static func duration(_ text: String) throws(CommandError) -> Duration {
    guard case .after(let duration)? = MomentArgument(text), duration > .zero else {
      throw CommandError(
        .usage, "--within is \"\(SafeText.line(text, limit: 64))\", but must be a duration such as 25s or 10m")
    }
    return duration
  }

  private func requireNoAgent(_ configuration: Configuration) async throws {
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: AgentClient.clientConfiguration)
    try await Closing.after {
      guard try await AgentClient(client, configuration: configuration).isThere() else { return }
      throw CommandError(
        .failed,
        "an agent runs on \(AgentEndpoint(configuration.agent.listen)) and delivers by itself: there is nothing to drain by "
          + "hand; `tombolo status` tells how far it is")
    } close: {
      try await client.shutdown()
    }
  }
}
