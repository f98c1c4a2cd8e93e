public import TomboloPorts

/// `probe: { type: tcp, address: "127.0.0.1:9000" }`
public enum TCPProbePlugin: ProbePlugin {
  /// `probe.tcp`.
  public static let identifier = PluginIdentifier(.probe, "tcp")
  /// One line for `tombolo plugins`.
  public static let summary = "Asks whether something accepts TCP connections at `address`, or at `host` and `port`."
  /// `interval` is for the composition, which hands it to the monitor.
  public static let options = [
    OptionDeclaration("address", .string, help: "Host and port in one: 127.0.0.1:9000, [::1]:9000, example.org:443."),
    OptionDeclaration("host", .string, help: "An address or a name, where `address` is not given."),
    OptionDeclaration("port", .integer(1...65_535), help: "The port of `host`."),
    OptionDeclaration(
      "interval", .duration(.milliseconds(10) ... .seconds(3_600)), default: .duration(.seconds(5)),
      help: "How often to ask while nothing changes."),
    OptionDeclaration(
      "timeout", .duration(.milliseconds(10) ... .seconds(60)), default: .duration(.seconds(2)),
      help: "How long to wait for an answer."),
  ]

  /// Whether the options name one address.
  public static func problems(in options: PluginOptions) -> [PluginOptionError] {
    problems(from: [{ _ = try address(options) }])
  }

  /// Makes a `TCPProbe`. Throws a `PluginOptionError` when the options name no address, or two.
  public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any ReachabilityProbe {
    TCPProbe(try address(options), timeout: try options.duration("timeout"), time: context.time)
  }

  private static func address(_ options: PluginOptions) throws -> TCPAddress {
    let text = try options.stringIfPresent("address")
    let host = try options.stringIfPresent("host")
    let port = options.value("port") == nil ? nil : try options.integer("port")
    switch (text, host, port) {
    case (let text?, nil, nil):
      guard let address = TCPAddress(text) else {
        throw PluginOptionError(
          "\(options.path).address is \"\(text)\", which is not host:port, such as 127.0.0.1:9000")
      }
      return address
    case (nil, let host?, let port?):
      guard !host.isEmpty else { throw PluginOptionError("\(options.path).host is empty") }
      return TCPAddress(host: host, port: port)
    case (nil, nil, nil):
      throw PluginOptionError("\(options.path) needs `address`, or `host` and `port`")
    case (nil, _, nil):
      throw PluginOptionError("\(options.path).host needs a `port` beside it")
    case (nil, nil, _):
      throw PluginOptionError("\(options.path).port needs a `host` beside it")
    case (_?, _, _):
      throw PluginOptionError("\(options.path) has `address` and also `host` or `port`: give one or the other")
    }
  }
}
