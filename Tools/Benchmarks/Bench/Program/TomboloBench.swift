import ArgumentParser
import TomboloBenchmark

/// The benchmark without the agent, so that it is built quickly: `Tools/bench`.
@main
struct TomboloBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tombolo-bench", abstract: BenchCommand.configuration.abstract, subcommands: [BenchCommand.self],
    defaultSubcommand: BenchCommand.self)
}
