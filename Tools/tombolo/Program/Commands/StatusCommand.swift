import ArgumentParser

/// `tombolo status`.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Tells how things are: the network, and how much is in the queue.")

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "Print JSON, in the keys of GET /v1/status.")
  var json = false

  func run() async throws {
    try await QueueDoor(options: options).open { queue, _ in
      let report = try await queue.status()
      if json {
        Output.line(bytes: try JSONText.encode(report))
      } else {
        Output.line("\(StatusText(report: report, clock: .local()))")
      }
    }
  }
}
