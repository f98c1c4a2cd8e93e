import TomboloPorts

/// The keys of the sections that are not a plugin's own. Names, limits and defaults are said here and nowhere else.
enum BuiltInOptions {
  static let agent = [
    OptionDeclaration(
      "listen", .string, default: .string("127.0.0.1:7117"),
      help: "Where requests are accepted: host:port, [v6]:port or unix:/path. Other machines only with a token."),
    OptionDeclaration("token", .string, isSecret: true, help: "What requests must carry as their bearer token."),
    OptionDeclaration(
      "tokenFile", .string,
      help: "A file that holds the token, instead of `token`; relative to the working directory."),
    OptionDeclaration(
      "hostNames", .list(of: .string), default: .list([]),
      help: "Further names by which it is reached, such as that of a proxy; requests to other hosts are refused."),
    OptionDeclaration(
      "connectionsMaximum", .integer(1...65_536), default: .integer(1_024),
      help: "How many connections may be open at once; further ones wait until one is closed."),
    OptionDeclaration(
      "shutdownGrace", .duration(.zero ... .seconds(3_600)), default: .duration(.seconds(30)),
      help: "How long deliveries in flight may go on after a signal to stop."),
  ]

  static let queue = [
    OptionDeclaration(
      "concurrency", .integer(1...10_000), default: .integer(16), help: "How many operations are delivered at once."),
    OptionDeclaration(
      "attemptsMaximum", .integer(1...1_000_000), default: .integer(50),
      help: "After how many attempts an operation is dead-lettered."),
    OptionDeclaration(
      "payloadMaximum", .size(1...(1 << 30)), default: .size(1 << 20), help: "The largest payload of one operation."),
    OptionDeclaration(
      "operationsMaximum", .integer(1...1_000_000_000), default: .integer(1_000_000),
      help: "How many operations may be stored; more are refused."),
    OptionDeclaration(
      "bytesMaximum", .size(1...(1 << 50)), default: .size(1 << 30),
      help: "How much all stored operations may take together; more are refused."),
    OptionDeclaration(
      "retryAfterMaximum", .duration(.zero...days(30)), default: .duration(.seconds(3_600)),
      help: "A longer wait that an upstream asks for is cut to this."),
    OptionDeclaration(
      "idempotencyRetention", .duration(.zero...days(365)), default: .duration(days(1)),
      help: "How long an idempotency key is remembered after its operation is settled."),
    OptionDeclaration(
      "history", .duration(.zero...days(365)), default: .duration(.zero),
      help: "How long is kept how an operation ended, after it is gone; 0s keeps nothing."),
    OptionDeclaration(
      "stallTimeout", .duration(.zero...days(1)), default: .duration(.seconds(120)),
      help:
        "How long nothing may move, while something is due and the network is there, before that is told and mended; 0s never tells."
    ),
    OptionDeclaration(
      "attemptTimeout", .duration(.milliseconds(1)...days(1)), default: .duration(.seconds(30)),
      help: "How long one attempt may take."),
    OptionDeclaration(
      "onPermanentFailure", .choice(QueueSettings.OnPermanentFailure.allCases.map(\.rawValue)),
      default: .string(QueueSettings.OnPermanentFailure.continue.rawValue),
      help: "Whether the rest of an ordering key goes on, or waits for a person, when its head has failed for good."),
  ]

  static let logging = [
    OptionDeclaration(
      "level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
      default: .string("info"), help: "What is less severe is left out of the log."),
    OptionDeclaration(
      "format", .choice(LoggingSettings.Format.allCases.map(\.rawValue)),
      default: .string(LoggingSettings.Format.text.rawValue),
      help: "`text` for people, `json` for one object a line."),
  ]

  private static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
