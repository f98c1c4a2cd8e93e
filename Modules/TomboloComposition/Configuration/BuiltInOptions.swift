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

  static let logging = [
    OptionDeclaration(
      "level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
      default: .string("info"), help: "What is less severe is left out of the log."),
    OptionDeclaration(
      "format", .choice(LoggingSettings.Format.allCases.map(\.rawValue)),
      default: .string(LoggingSettings.Format.text.rawValue),
      help: "`text` for people, `json` for one object a line."),
  ]
}
