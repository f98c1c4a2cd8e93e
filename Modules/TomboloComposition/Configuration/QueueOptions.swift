import TomboloPorts
import TomboloQueue

/// The keys of the section `queue`, and the settings they make. Defaults are those of `QueueConfiguration`;
/// `QueueOptionsTests` compares them.
enum QueueOptions {
  static let all = deliveries + limits + sharing + writing

  private static let deliveries = [
    OptionDeclaration(
      "concurrency", .integer(1...10_000), default: .integer(16),
      help:
        "How many operations are delivered at once. With more than one, what is delivered without an ordering key gives its "
        + "place on while that is stored, so up to twice as many may be delivered again after a crash; with 1 each is stored before the next starts."
    ),
    OptionDeclaration(
      "attemptsMaximum", .integer(1...1_000_000), default: .integer(50),
      help: "After how many attempts an operation is dead-lettered."),
    OptionDeclaration(
      "attemptTimeout", .duration(.milliseconds(1)...days(1)), default: .duration(.seconds(30)),
      help: "How long one attempt may take."),
    OptionDeclaration(
      "retryAfterMaximum", .duration(.zero...days(30)), default: .duration(.seconds(3_600)),
      help: "A longer wait that an upstream asks for is cut to this."),
    choice(
      "onPermanentFailure", PermanentFailurePolicy.continue,
      help: "Whether the rest of an ordering key goes on, or waits for a person, when its head has failed for good."),
    choice(
      "uniqueness", UniquenessPolicy.replace,
      help: "What becomes of a new operation while another with its coalescing key waits."),
    OptionDeclaration(
      "passedOverMaximum", .integer(1...1_000_000), default: .integer(64),
      help: "How often more urgent operations may go before one that waits; then it has its turn."),
    OptionDeclaration(
      "conflictRoundsMaximum", .integer(1...1_000), default: .integer(5),
      help: "How often a conflict of one operation is decided; after that it waits for a person."),
    OptionDeclaration("kinds", .list(of: .section(kind)), default: .list([]), help: "Limits of single kinds."),
    OptionDeclaration(
      "stallTimeout", .duration(.zero...days(1)), default: .duration(.seconds(120)),
      help:
        "How long nothing may move, while something is due and the network is there, before that is told and mended; "
        + "0s never tells."
    ),
    OptionDeclaration(
      "pilotInterval", .duration(.seconds(1)...days(1)), default: .duration(.seconds(30)),
      help: "How long to wait without a network before one operation is tried all the same; doubled after each failure."
    ),
    OptionDeclaration(
      "pilotIntervalMaximum", .duration(.seconds(1)...days(1)), default: .duration(.seconds(300)),
      help: "The longest such wait."),
  ]

  private static let limits = [
    OptionDeclaration(
      "payloadMaximum", .size(1...(1 << 30)), default: .size(1 << 20), help: "The largest payload of one operation."),
    OptionDeclaration(
      "operationsMaximum", .integer(1...1_000_000_000), default: .integer(1_000_000),
      help: "How many operations may be stored; for more there is no room."),
    OptionDeclaration(
      "bytesMaximum", .size(1...(1 << 50)), default: .size(1 << 30),
      help:
        "How much all stored operations may take together: payloads, their bases, and the other side's versions kept for a person; "
        + "for more there is no room."),
    choice(
      "limitPolicy", LimitPolicy.reject,
      help:
        "What happens to an operation for which there is no room: it is refused; or what waits with a lower priority "
        + "goes; or the newest that waits of the same kind and ordering key goes."),
    OptionDeclaration(
      "idempotencyRetention", .duration(.zero...days(365)), default: .duration(days(1)),
      help: "How long an idempotency key is remembered after its operation is settled."),
    OptionDeclaration(
      "history", .duration(.zero...days(365)), default: .duration(.zero),
      help: "How long is kept how an operation ended, after it is gone; 0s keeps nothing."),
  ]

  private static let sharing = [
    OptionDeclaration(
      "leaseDuration", .duration(.seconds(1)...days(1)), default: .duration(.seconds(60)),
      help:
        "On a storage that several processes share: how long an operation stays with one that gives no sign of life."),
    OptionDeclaration(
      "sharedPollInterval", .duration(.milliseconds(10) ... .seconds(3_600)), default: .duration(.seconds(1)),
      help: "On a storage that several processes share: how often to look for what others enqueued."),
  ]

  private static let writing = [
    OptionDeclaration(
      "durability", .choice(StoreDurability.allCases.map(\.rawValue)),
      help:
        "What an operation has to have reached when it counts as accepted, unless a request says: full, the disk; normal, the "
        + "operating system; none, nothing. By default what the storage is set to. What the storage cannot reach is refused."
    ),
    OptionDeclaration(
      "namespaces", .list(of: .string), default: .list([]),
      help: "The namespaces whose operations are delivered; those without a namespace always are."),
  ]

  /// The section `queue.versionClock`, which all of a fleet that decides conflicts by time should have.
  static let versionClock = [
    OptionDeclaration(
      "node", .string,
      help:
        "A name of this device, different from all others. With it each operation is stamped with when it was written, by a "
        + "clock that what is seen of others moves on; without it what counts is when it was enqueued."),
    OptionDeclaration(
      "skewMaximum", .duration(.zero...days(1)), default: .duration(.seconds(300)),
      help: "A stamp further ahead of this device's clock moves nothing on."),
  ]

  private static let kind = [
    OptionDeclaration("kind", .string, isRequired: true, help: "The kind, whole: no pattern."),
    OptionDeclaration("concurrency", .integer(1...10_000), help: "How many of it are delivered at once."),
    OptionDeclaration(
      "count", .integer(1...1_000_000_000), help: "How many deliveries of it may begin in each `period`."),
    OptionDeclaration(
      "period", .duration(.milliseconds(1)...days(1)), default: .duration(.seconds(1)), help: "How long a period is."),
    OptionDeclaration(
      "burst", .integer(1...1_000_000_000), help: "How many may begin at once after a quiet time; as many as `count`."),
  ]

  private static func choice<Word: CaseIterable & RawRepresentable<String>>(
    _ name: String, _ standard: Word, help: String
  ) -> OptionDeclaration {
    OptionDeclaration(
      name, .choice(Word.allCases.map(\.rawValue)), default: .string(standard.rawValue), help: help)
  }

  private static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
