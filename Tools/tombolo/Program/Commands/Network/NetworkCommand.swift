import ArgumentParser

/// `tombolo network`.
struct NetworkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network",
    abstract: "Tells whether the outside can be reached, what says so, and follows how that changes.",
    discussion: """
      Where an agent runs, it is asked; otherwise the command looks itself, with the sources of the same config.
      """,
    subcommands: [NetworkCheckCommand.self, NetworkWatchCommand.self])
}
