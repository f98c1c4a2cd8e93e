import ArgumentParser
import TomboloAgent

/// `tombolo edit`.
struct EditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit",
    abstract: "Gives a parked or dead-lettered operation another payload; `tombolo retry` then puts it back in line.",
    discussion: """
      Its idempotency key stays: a receiver that has refused it for good, and remembers, has to be asked with a new operation.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Argument(help: "The operation's id.")
  var id: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The payload: JSON, @FILE to read it from a file, or - for standard input.", valueName: "json|@file|-"))
  var data: String

  func run() async throws {
    let id = try OperationIDArgument.parse(id)
    let payload = try PayloadArgument(data: data, source: nil).read()
    try PayloadArgument.requireJSON(payload)
    try await QueueDoor(options: options).open { queue, _ in
      try await queue.edit(id, payload: payload)
      Output.line("\(id) has its new payload: `tombolo retry \(id)` puts it back in line")
    }
  }
}
