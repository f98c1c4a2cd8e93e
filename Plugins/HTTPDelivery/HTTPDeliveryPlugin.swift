public import TomboloPorts

/// `delivery: { type: http, baseURL: http://127.0.0.1:9000 }`
public enum HTTPDeliveryPlugin: DeliveryPlugin {
  public static let identifier = PluginIdentifier(.delivery, "http")
  public static let summary = "Delivers by HTTP: POST {baseURL}/{kind}, or as routes say."

  public static let options = [
    OptionDeclaration("baseURL", .url, isRequired: true, help: "Where the upstream is; paths are appended to it."),
    OptionDeclaration(
      "timeout", .duration(durations), default: .duration(.seconds(10)),
      help: "The longest an attempt may take, from the wait for a connection to the end of the answer."),
    OptionDeclaration(
      "connectTimeout", .duration(durations), default: .duration(.seconds(3)),
      help: "The longest a connection may take to come about, the TLS handshake included."),
    OptionDeclaration(
      "headers", .map(of: .string), default: .map([]), isSecret: true, help: "Header fields of every request."),
    OptionDeclaration("bearerToken", .string, isSecret: true, help: "Sent as `Authorization: Bearer …`."),
    OptionDeclaration(
      "routes", .list(of: .section(routeOptions)), default: .list([]),
      help: "Where kinds go that do not go to POST /{kind}; the first that matches holds."),
    OptionDeclaration(
      "unauthorizedPause", .duration(durations), default: .duration(.seconds(60)),
      help: "How long the upstream rests after 401 or 403."),
    OptionDeclaration(
      "connectionsMaximum", .integer(1...4_096), default: .integer(64),
      help: "How many connections may be open at once."),
    OptionDeclaration(
      "responseMaximum", .size(1_024...(64 << 20)), default: .size(1 << 20),
      help: "How much of an answer is read; a remote version must fit in."),
  ]

  /// An hour is more than any attempt should take; without a limit a typing error could stop the queue.
  private static let durations: ClosedRange<Duration> = .milliseconds(1)...Duration.seconds(3_600)

  private static let routeOptions = [
    OptionDeclaration("kind", .string, isRequired: true, help: "A kind, or the beginning of kinds followed by `*`."),
    OptionDeclaration(
      "method", .choice(HTTPRoute.Method.allCases.map(\.rawValue)),
      default: .string(HTTPRoute.standard.method.rawValue),
      help: "The method of the request."),
    OptionDeclaration(
      "path", .string, default: .string(HTTPRoute.standard.path),
      help: "The path under baseURL; {kind} stands for the operation's kind."),
  ]

  /// Whether the base URL, the header fields and the routes can be used.
  public static func problems(in options: PluginOptions) -> [PluginOptionError] {
    let path = options.path
    return problems(from: [
      { _ = try PluginOptionError.named(path) { try BaseURL(try options.string("baseURL")) } },
      { _ = try PluginOptionError.named(path) { try configuration(options).checkedFields() } },
      { try PluginOptionError.named(path) { try configuration(options).checkRoutes() } },
    ])
  }

  public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any OperationHandler {
    let configuration = try configuration(options)
    if configuration.connectTimeout > configuration.timeout {
      context.warn("\(options.path).connectTimeout is longer than timeout, so it never takes effect")
    }
    if configuration.bearerToken != nil, HTTPDeliveryPlugin.isPlainRemote(configuration.baseURL) {
      context.warn("\(options.path).bearerToken is sent unencrypted: baseURL is http, and not on this machine")
    }
    return try PluginOptionError.named(options.path) { try HTTPDelivery(configuration, time: context.time) }
  }

  private static func configuration(_ options: PluginOptions) throws -> HTTPDeliveryConfiguration {
    var configuration = HTTPDeliveryConfiguration(baseURL: try options.string("baseURL"))
    configuration.timeout = try options.duration("timeout")
    configuration.connectTimeout = try options.duration("connectTimeout")
    configuration.headers = try options.headers("headers")
    configuration.bearerToken = try options.stringIfPresent("bearerToken")
    configuration.routes = try options.list("routes").enumerated().map { position, value in
      guard case .map(let entries) = value else {
        throw PluginOptionError("\(options.path).routes[\(position)] is no section")
      }
      return try route(entries, path: "\(options.path).routes[\(position)]")
    }
    configuration.unauthorizedPause = try options.duration("unauthorizedPause")
    configuration.connectionsMaximum = try options.integer("connectionsMaximum")
    configuration.responseBytesMaximum = try options.byteCount("responseMaximum")
    return configuration
  }

  private static func route(_ entries: [OptionEntry], path: String) throws -> HTTPRoute {
    let values = entries.map { ($0.name, $0.value) }
    let options = PluginOptions(path: path, values: Dictionary(values, uniquingKeysWith: { _, last in last }))
    let name = try options.stringIfPresent("method") ?? HTTPRoute.standard.method.rawValue
    guard let method = HTTPRoute.Method(rawValue: name) else {
      let known = HTTPRoute.Method.allCases.map(\.rawValue).joined(separator: ", ")
      throw PluginOptionError("\(path).method is '\(name)', but must be one of \(known)")
    }
    return HTTPRoute(
      kind: try options.string("kind"), method: method,
      path: try options.stringIfPresent("path") ?? HTTPRoute.standard.path)
  }

  private static func isPlainRemote(_ baseURL: String) -> Bool {
    let url = HeaderName.folded(baseURL)
    guard url.hasPrefix("http://") else { return false }
    let authority = url.dropFirst("http://".count).prefix { !"/?#".contains($0) }
    if authority.hasPrefix("[::1]") { return false }
    let host = authority.prefix { $0 != ":" }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    let isLoopback = parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    return host != "localhost" && !isLoopback
  }
}
