import ArgumentParser

/// `tombolo show`.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Tells everything about one operation: what was tried, and what it waits for.")

  @OptionGroup var options: ConfigurationOptions

  @Argument(help: "The operation's id, as `tombolo enqueue` and `tombolo list` print it.")
  var id: String

  @Flag(help: "Print JSON, in the keys of GET /v1/operations/{id}, the payload byte for byte.")
  var json = false

  func run() async throws {
    let id = try OperationIDArgument.parse(id)
    try await QueueDoor(options: options).open { queue, _ in
      let document = try await queue.operation(id)
      if json {
        Output.line(bytes: document.json)
      } else {
        Output.line("\(OperationText(document: document, clock: .local()))")
      }
    }
  }
}
