import ArgumentParser
import TomboloAgent
import TomboloPorts
import TomboloQueue

/// `tombolo list`.
struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the operations that are not settled, oldest first.")

  @OptionGroup var options: ConfigurationOptions

  @Option(help: "Only those that are pending, delivering, retrying, blocked, parked or deadLettered.")
  var state: String?

  @Option(help: "Only those of this kind.")
  var kind: String?

  @Option(name: .customLong("key"), help: "Only those of this ordering key.")
  var orderingKey: String?

  @Option(help: "Only those of this namespace.")
  var namespace: String?

  @Option(help: "The most to list.")
  var limit = 50

  @Flag(help: "Print JSON, in the keys of GET /v1/operations.")
  var json = false

  func run() async throws {
    guard limit > 0 else { throw CommandError(.usage, "--limit is \(limit), but must be at least 1") }
    let filter = OperationFilter(
      state: try Self.state(state), kind: kind, orderingKey: orderingKey, namespace: namespace)
    try await QueueDoor(options: options).open { queue, _ in
      let (found, cursor) = try await queue.operations(filter, limit: limit)
      if json {
        let page = WireJSON.object(["operations": .array([]), "cursor": WireJSON(cursor)])
        var answer: WireOperationPage = try JSONText.convert(page)
        answer.operations = found
        Output.line(bytes: try JSONText.encode(answer))
      } else {
        let text = OperationListText(
          operations: found, hasMore: cursor != nil, isFiltered: filter != OperationFilter(), clock: .local())
        Output.line("\(text)")
      }
    }
  }

  /// The state of this name; `dead-lettered`, as it is shown, counts too.
  static func state(_ name: String?) throws(CommandError) -> OperationState? {
    guard let name else { return nil }
    let states = OperationState.allCases.filter { !$0.isGone }
    if let state = states.first(where: { $0.rawValue == name || StateWords.text($0.rawValue) == name }) { return state }
    if let gone = OperationState(rawValue: name) {
      throw CommandError(
        .usage, "--state \(gone.rawValue) is of operations that are gone: `tombolo history --state \(gone.rawValue)`")
    }
    let names = states.map(\.rawValue).joined(separator: ", ")
    throw CommandError(.usage, "--state \"\(SafeText.line(name, limit: 64))\" is unknown: give one of \(names)")
  }
}
