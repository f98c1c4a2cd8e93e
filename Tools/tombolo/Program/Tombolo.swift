import ArgumentParser
import TomboloBenchmark

/// `tombolo`: the agent, and everything one does to it from a terminal.
struct TomboloCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tombolo",
    abstract: "Stores operations on the spot and delivers them, in order, once the network is back.",
    discussion: """
      Start the agent with `tombolo run`. The other commands go through the running agent; where none runs they work on \
      the store itself.

      Exit status: 0 done, 1 failed, 2 wrong usage or configuration.
      """,
    version: TomboloVersion.text,
    subcommands: [
      RunCommand.self, EnqueueCommand.self, StatusCommand.self, ListCommand.self, ShowCommand.self, HistoryCommand.self,
      RetryCommand.self, EditCommand.self, DiscardCommand.self, PauseCommand.self, ResumeCommand.self,
      DrainCommand.self, NetworkCommand.self, ConfigCommand.self, StorageCommand.self, PluginsCommand.self,
      BenchCommand.self, DemoCommand.self,
    ])
}

/// The program's version, as `--version` prints it.
enum TomboloVersion {
  static let text = "0.1.0"
}
