public import TomboloPorts

/// `delivery: { type: grpc, baseURL: http://127.0.0.1:50051 }`
public enum GRPCDeliveryPlugin: DeliveryPlugin {
  public static let identifier = PluginIdentifier(.delivery, "grpc")
  public static let summary =
    "Delivers by gRPC: to tombolo.delivery.v1.OperationDelivery/Deliver, or to any unary method as routes say."

  public static let options = [
    OptionDeclaration(
      "baseURL", .url, isRequired: true,
      help: "Host and port of the upstream: http without encryption, https with TLS."),
    OptionDeclaration(
      "timeout", .duration(durations), default: .duration(.seconds(10)),
      help: "The deadline of a call, from the wait for a connection to the status."),
    OptionDeclaration(
      "connectTimeout", .duration(durations), default: .duration(.seconds(3)),
      help: "The longest a connection may take to come about, the TLS handshake included."),
    OptionDeclaration(
      "headers", .map(of: .string), default: .map([]), isSecret: true, help: "Metadata of every call."),
    OptionDeclaration("bearerToken", .string, isSecret: true, help: "Sent as `authorization: Bearer …`."),
    OptionDeclaration(
      "routes", .list(of: .section(routeOptions)), default: .list([]),
      help: "Methods of other services, by kind; the first that matches holds."),
    OptionDeclaration(
      "unauthorizedPause", .duration(durations), default: .duration(.seconds(60)),
      help: "How long the upstream rests after UNAUTHENTICATED or PERMISSION_DENIED."),
    OptionDeclaration(
      "responseMaximum", .size(1_024...(64 << 20)), default: .size(4 << 20),
      help: "The largest answer that is accepted; a remote version must fit in."),
    OptionDeclaration("tls", .section(tlsOptions), help: "Whom to trust and who we are; with an https baseURL only."),
  ]

  /// An hour is more than any call should take; without a limit a typing error could stop the queue.
  private static let durations: ClosedRange<Duration> = .milliseconds(1)...Duration.seconds(3_600)

  private static let routeOptions = [
    OptionDeclaration("kind", .string, isRequired: true, help: "A kind, or the beginning of kinds followed by `*`."),
    OptionDeclaration("method", .string, isRequired: true, help: "The method, as package.Service/Method."),
    OptionDeclaration(
      "message", .choice(GRPCRoute.Message.allCases.map(\.rawValue)),
      default: .string(GRPCRoute.Message.payload.rawValue),
      help: "payload: the payload is the serialized request; operation: a DeliverRequest with the payload in it."),
  ]

  private static let tlsOptions = [
    OptionDeclaration("authorityFile", .string, help: "PEM: the authorities to trust, instead of the system's."),
    OptionDeclaration("certificateFile", .string, help: "PEM: our certificate, for upstreams that ask for one."),
    OptionDeclaration("keyFile", .string, help: "PEM: the private key of our certificate."),
  ]

  /// Whether base URL, metadata, routes and TLS settings can be used. Reads no file.
  public static func problems(in options: PluginOptions) -> [PluginOptionError] {
    let path = options.path
    return problems(from: [
      {
        try PluginOptionError.named(path) {
          let configuration = try configuration(options)
          try configuration.checkSecurity(for: try UpstreamAddress(configuration.baseURL))
        }
      },
      { _ = try PluginOptionError.named(path) { try configuration(options).checkedHeaders() } },
      { try PluginOptionError.named(path) { try configuration(options).checkRoutes() } },
    ])
  }

  public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any OperationHandler {
    let configuration = try configuration(options)
    let delivery = try PluginOptionError.named(options.path) { try GRPCDelivery(configuration) }
    if configuration.connectTimeout > configuration.timeout {
      context.warn("\(options.path).connectTimeout is longer than timeout, so it never takes effect")
    }
    let address = try UpstreamAddress(configuration.baseURL)
    if !address.isEncrypted, !address.isLoopback {
      let what = configuration.bearerToken == nil ? "operations are" : "operations and the bearerToken are"
      context.warn("\(options.path).baseURL is http, and not on this machine: \(what) sent unencrypted")
    }
    return delivery
  }

  private static func configuration(_ options: PluginOptions) throws -> GRPCDeliveryConfiguration {
    var configuration = GRPCDeliveryConfiguration(baseURL: try options.string("baseURL"))
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
    configuration.responseBytesMaximum = try options.byteCount("responseMaximum")
    if options.value("tls") != nil {
      let tls = try options.section("tls")
      configuration.security.authorityFile = try tls.stringIfPresent("authorityFile")
      configuration.security.certificateFile = try tls.stringIfPresent("certificateFile")
      configuration.security.keyFile = try tls.stringIfPresent("keyFile")
    }
    return configuration
  }

  private static func route(_ entries: [OptionEntry], path: String) throws -> GRPCRoute {
    let values = entries.map { ($0.name, $0.value) }
    let options = PluginOptions(path: path, values: Dictionary(values, uniquingKeysWith: { _, last in last }))
    let name = try options.stringIfPresent("message") ?? GRPCRoute.Message.payload.rawValue
    guard let message = GRPCRoute.Message(rawValue: name) else {
      let known = GRPCRoute.Message.allCases.map(\.rawValue).joined(separator: ", ")
      throw PluginOptionError("\(path).message is '\(name)', but must be one of \(known)")
    }
    return GRPCRoute(kind: try options.string("kind"), method: try options.string("method"), message: message)
  }
}
