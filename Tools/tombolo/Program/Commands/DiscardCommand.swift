import ArgumentParser
import TomboloAgent

/// `tombolo discard`.
struct DiscardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "discard", abstract: "Removes operations for good, undelivered.")

  @OptionGroup var options: ConfigurationOptions

  @Argument(help: "The ids of the operations.")
  var ids: [String]

  @Option(help: ArgumentHelp("Why; it is told in the log and to whoever observes the queue.", valueName: "text"))
  var reason: String

  func run() async throws {
    let ids = try OperationIDArgument.parse(ids)
    guard reason.contains(where: { !$0.isWhitespace }) else { throw CommandError(.usage, "--reason is empty: say why") }
    try await QueueDoor(options: options).open { queue, _ in
      try await EachOperation.do(ids) { id in
        let receipt = try await queue.discard(id, reason: reason)
        return "\(receipt.id) is discarded"
      }
    }
  }
}
