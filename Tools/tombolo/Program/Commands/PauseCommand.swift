import ArgumentParser
import TomboloAgent
import TomboloQueue

/// `tombolo pause`.
struct PauseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract:
      "Delivers nothing of a kind, an ordering key, or at all, until `tombolo resume`; without either, tells what is paused.",
    discussion: """
      A pause outlives the agent. What is being delivered is not stopped, and operations are still accepted.
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var scope: PauseScopeOptions

  @Option(help: ArgumentHelp("Why; it is told to whoever asks what an operation waits for.", valueName: "text"))
  var reason = "paused by hand, without a reason"

  @Flag(help: "Print JSON, in the keys of GET /v1/pauses.")
  var json = false

  func run() async throws {
    let scope = try scope.scope()
    try await QueueDoor(options: options).open { queue, _ in
      let pauses: WirePauses
      if let scope {
        pauses = try await queue.pause(scope, reason: reason)
      } else {
        pauses = try await queue.pauses()
      }
      try PauseText(pauses: pauses, clock: .local()).print(asJSON: json)
    }
  }
}

/// `tombolo resume`.
struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Goes on with what was paused, and tells what still is.")

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var scope: PauseScopeOptions

  @Flag(help: "Print JSON, in the keys of GET /v1/pauses.")
  var json = false

  func run() async throws {
    guard let scope = try scope.scope() else {
      throw CommandError(
        .usage, "give what to go on with: --kind, --key or --all; `tombolo pause` tells what is paused")
    }
    try await QueueDoor(options: options).open { queue, _ in
      try PauseText(pauses: try await queue.resume(scope), clock: .local()).print(asJSON: json)
    }
  }
}

/// What is to be paused, or to go on.
struct PauseScopeOptions: ParsableArguments {
  @Option(help: "This kind, whole: no pattern.")
  var kind: String?

  @Option(name: .customLong("key"), help: "This ordering key.")
  var orderingKey: String?

  @Option(help: "The namespace of the ordering key.")
  var namespace: String?

  @Flag(help: "The whole queue.")
  var all = false

  /// `nil` when nothing is named.
  func scope() throws(CommandError) -> Pause.Scope? {
    let count = (kind == nil ? 0 : 1) + (orderingKey == nil ? 0 : 1) + (all ? 1 : 0)
    guard count <= 1 else { throw CommandError(.usage, "give one of --kind, --key and --all at a time") }
    guard namespace == nil || orderingKey != nil else {
      throw CommandError(.usage, "--namespace stands beside --key: give that, too")
    }
    if let kind { return .kind(kind) }
    if let orderingKey { return .orderingKey(orderingKey, namespace: namespace) }
    return all ? .queue : nil
  }
}
