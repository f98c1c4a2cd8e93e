import ArgumentParser

/// `tombolo show`.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Tells everything about one operation: what was tried, what it waits for, or how it ended.")

  @OptionGroup var options: ConfigurationOptions

  @Argument(help: "The operation's id, as `tombolo enqueue` and `tombolo list` print it.")
  var id: String

  @Flag(
    help:
      "Print JSON, in the keys of GET /v1/operations/{id}, the payload byte for byte; of GET /v1/history/{id} when it is gone."
  )
  var json = false

  func run() async throws {
    let id = try OperationIDArgument.parse(id)
    try await QueueDoor(options: options).open { queue, _ in
      let document: OperationDocument
      do {
        document = try await queue.operation(id)
      } catch {
        // Where a history is kept it may be gone, and told all the same.
        guard let ended = try await queue.settled(id) else { throw error }
        if json {
          Output.line(bytes: try JSONText.encode(ended))
        } else {
          Output.line(HistoryText.one(ended, clock: .local()))
        }
        return
      }
      if json {
        Output.line(bytes: document.json)
      } else {
        Output.line("\(OperationText(document: document, clock: .local()))")
      }
    }
  }
}
