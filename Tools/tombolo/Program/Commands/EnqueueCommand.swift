import ArgumentParser
import TomboloAgent
import TomboloPorts
import TomboloQueue

/// `tombolo enqueue`.
struct EnqueueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enqueue",
    abstract: "Adds an operation and prints its id once it is durable.",
    discussion: """
      tombolo enqueue --kind orders.create --key user/7 --data '{"amount": 12}'
      tombolo enqueue --kind orders.create --data @order.json
      generate | tombolo enqueue --kind orders.create -
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: "What is to be done, such as orders.create.")
  var kind: String

  @Option(name: .customLong("key"), help: "Operations with the same ordering key are delivered one after the other.")
  var orderingKey: String?

  @Option(help: "critical, high, normal, low or background.")
  var priority = "normal"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The payload: JSON, or @FILE to read it from a file.", valueName: "json|@file"))
  var data: String?

  @Argument(help: ArgumentHelp("Reads the payload from standard input.", valueName: "-"))
  var source: String?

  @Flag(help: "The payload need not be JSON; it is sent as the bytes it is.")
  var raw = false

  @Option(
    help: ArgumentHelp(
      "What the payload was before the change, for `queue.conflict: { type: fields }`.", valueName: "json|@file"))
  var base: String?

  @Option(help: "Enqueueing again with the same key adds nothing and prints the first id.")
  var idempotencyKey: String?

  @Option(help: "Takes the place of an operation with the same key that was not started.")
  var coalescingKey: String?

  @Option(
    help: ArgumentHelp(
      "What happens while another with its coalescing key waits: keep, replace, append, merge or keepLatestWhileActive; "
        + "queue.uniqueness without it.", valueName: "policy"))
  var uniqueness: String?

  @Option(help: ArgumentHelp("Not to be delivered before this one is settled; may be repeated.", valueName: "id"))
  var after: [String] = []

  @Option(help: "Whose operation it is; delivered while queue.namespaces has it.")
  var namespace: String?

  @Option(
    help: ArgumentHelp(
      "What it has to have reached before its id is printed: full, normal or none; queue.durability without it.",
      valueName: "level"))
  var durability: String?

  @Option(help: ArgumentHelp("Not to be delivered earlier: 2026-11-21T10:42:07Z, or 10m from now.", valueName: "when"))
  var notBefore: String?

  @Option(help: ArgumentHelp("Not to be delivered later; written in the same way.", valueName: "when"))
  var expires: String?

  @Option(
    name: .customLong("header"),
    help: ArgumentHelp("Travels with the operation; may be repeated.", valueName: "name: value"))
  var headers: [String] = []

  @Flag(help: "Print what became of it as JSON.")
  var json = false

  func run() async throws {
    let operation = try makeOperation(now: SystemTimeSource().now)
    let durability: StoreDurability? = try Self.word(durability, "--durability")
    try await QueueDoor(options: options).open { queue, _ in
      let receipt = try await queue.enqueue(operation, durability: durability)
      if json { Output.line(bytes: try JSONText.encode(receipt)) } else { Output.line(receipt.id) }
    }
  }

  /// The operation that the arguments describe; reads the payload from wherever it is.
  func makeOperation(now: Timestamp) throws -> NewOperation {
    guard let priority = OperationPriority(name: priority) else {
      let names = OperationPriority.allCases.map(\.name).joined(separator: ", ")
      throw CommandError(
        .usage, "--priority \"\(SafeText.line(priority, limit: 64))\" is unknown: give one of \(names)")
    }
    let argument = try PayloadArgument(data: data, source: source)
    let notBefore = try notBefore.map { try MomentArgument.parse($0, option: "--not-before").timestamp(from: now) }
    let expiresAt = try expires.map { try MomentArgument.parse($0, option: "--expires").timestamp(from: now) }
    var headers = try HeaderArgument.parse(headers)
    let payload = try argument.read()
    if argument != .none, !raw {
      try PayloadArgument.requireJSON(payload)
      if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
        headers.append(OperationHeader(name: "Content-Type", value: "application/json"))
      }
    }
    return NewOperation(
      kind: kind, payload: payload, priority: priority, orderingKey: orderingKey, idempotencyKey: idempotencyKey,
      coalescingKey: coalescingKey, uniqueness: try Self.word(uniqueness, "--uniqueness"), notBefore: notBefore,
      expiresAt: expiresAt, namespace: namespace, after: try OperationIDArgument.parse(after).map { .operation($0) },
      base: try readBase(), headers: headers)
  }

  /// The value of an option that takes one of a few words; `nil` when it is not given.
  private static func word<Word: CaseIterable & RawRepresentable<String>>(
    _ text: String?, _ option: String
  ) throws(CommandError) -> Word? {
    guard let text else { return nil }
    guard let word = Word(rawValue: text) else {
      let names = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw CommandError(.usage, "\(option) \"\(SafeText.line(text, limit: 64))\" is unknown: give one of \(names)")
    }
    return word
  }

  private func readBase() throws -> [UInt8]? {
    guard let base else { return nil }
    let argument = base.hasPrefix("@") ? PayloadArgument.file(String(base.dropFirst())) : .text(base)
    let bytes = try argument.read(option: "--base")
    guard let problem = JSONCheck.problem(in: bytes) else { return bytes }
    throw CommandError(.usage, "--base is not JSON: \(problem)")
  }
}
