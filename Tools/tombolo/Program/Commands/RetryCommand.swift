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

  func run() async throws {
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

  /// All of them at one moment, so that one that fails again meanwhile is not retried for ever.
  private static func deadLettered(in queue: any QueueAccess) async throws -> [OperationID] {
    let (found, _) = try await queue.operations(OperationFilter(state: .deadLettered), limit: .max)
    return found.compactMap { OperationID($0.id) }
  }
}
