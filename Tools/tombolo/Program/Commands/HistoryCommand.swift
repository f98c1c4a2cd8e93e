import ArgumentParser
import TomboloAgent
import TomboloComposition
import TomboloPorts
import TomboloQueue

/// `tombolo history`.
struct HistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Lists the operations that are gone and how they ended, those that were enqueued last first.",
    discussion: "How long that is kept is what queue.history says; by default nothing is.")

  @OptionGroup var options: ConfigurationOptions

  @Option(help: "Only those that ended so: delivered, discarded, expired or superseded.")
  var state: String?

  @Option(help: "Only those of this kind.")
  var kind: String?

  @Option(help: "The most to list.")
  var limit = 50

  @Flag(help: "Print JSON, in the keys of GET /v1/history.")
  var json = false

  func run() async throws {
    guard limit > 0 else { throw CommandError(.usage, "--limit is \(limit), but must be at least 1") }
    let filter = HistoryFilter(state: try Self.state(state), kind: kind)
    try await QueueDoor(options: options).open { queue, configuration in
      let page = try await queue.history(filter, limit: limit)
      if json {
        Output.line(bytes: try JSONText.encode(page))
      } else {
        let text = HistoryText(
          operations: page.operations, hasMore: page.cursor != nil, isKept: configuration.queue.history > .zero,
          clock: .local())
        Output.line("\(text)")
      }
    }
  }

  static func state(_ name: String?) throws(CommandError) -> OperationState? {
    guard let name else { return nil }
    if let state = OperationState(rawValue: name), state.isGone { return state }
    let names = OperationState.allCases.filter(\.isGone).map(\.rawValue).joined(separator: ", ")
    throw CommandError(
      .usage, "--state \"\(SafeText.line(name, limit: 64))\" is not one in which operations end: give one of \(names)")
  }
}
