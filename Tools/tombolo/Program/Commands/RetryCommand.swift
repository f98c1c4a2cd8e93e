import ArgumentParser
import TomboloAgent
import TomboloPorts
import TomboloQueue

/// `tombolo retry`.
struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Puts operations back in line at once, with a fresh count of attempts.")

  @OptionGroup var options: ConfigurationOptions

  @Argument(help: "The ids of the operations.")
  var ids: [String] = []

  @Flag(help: "Every dead-lettered operation.")
  var allDead = false

  @Option(
    help: ArgumentHelp(
      "Settle the conflict that one operation is parked for.",
      discussion:
        "local: its payload replaces the upstream's version. remote: the upstream's version stands, and the operation "
        + "is discarded. Anything else is a file with the payload that replaces both.", valueName: "local|remote|FILE"))
  var resolution: String?

  func run() async throws {
    if let resolution { return try await resolve(resolution) }
    guard ids.isEmpty == allDead else {
      throw CommandError(
        .usage,
        ids.isEmpty ? "give the ids of the operations, or --all-dead" : "give either ids or --all-dead, not both")
    }
    let ids = try OperationIDArgument.parse(ids)
    try await QueueDoor(options: options).open { queue, _ in
      let chosen = allDead ? try await Self.deadLettered(in: queue) : ids
      if chosen.isEmpty { Output.line("no operation is dead-lettered") }
      try await EachOperation.do(chosen) { id in
        let receipt = try await queue.retry(id)
        return "\(receipt.id) is \(StateWords.text(receipt.state)) again"
      }
    }
  }

  private func resolve(_ resolution: String) async throws {
    guard ids.count == 1, !allDead else {
      throw CommandError(.usage, "--resolution settles one conflict at a time: give the id of one operation")
    }
    let choice = try ResolutionArgument.choice(resolution)
    let ids = try OperationIDArgument.parse(ids)
    try await QueueDoor(options: options).open { queue, _ in
      try await EachOperation.do(ids) { id in
        let receipt = try await queue.resolve(id, with: choice)
        return "\(receipt.id) is \(StateWords.text(receipt.state))" + (choice == .remote ? "" : " again")
      }
    }
  }

  /// All of them at one moment, so that one that fails again meanwhile is not retried for ever.
  private static func deadLettered(in queue: any QueueAccess) async throws -> [OperationID] {
    let (found, _) = try await queue.operations(OperationFilter(state: .deadLettered), limit: .max)
    return found.compactMap { OperationID($0.id) }
  }
}
