#if HTTP
  public import TomboloPorts

  /// `probe: { type: http, url: "http://127.0.0.1:9000/health" }`
  public enum HTTPProbePlugin: ProbePlugin {
    /// `probe.http`.
    public static let identifier = PluginIdentifier(.probe, "http")
    /// One line for `tombolo plugins`.
    public static let summary = "Asks `url` with GET; any answer below 500 but a redirect says that it can be reached."
    /// `interval` is for the composition, which hands it to the monitor.
    public static let options = [
      OptionDeclaration("url", .url, isRequired: true, help: "What to ask: an address of your own upstream."),
      OptionDeclaration(
        "interval", .duration(.milliseconds(10) ... .seconds(3_600)), default: .duration(.seconds(5)),
        help: "How often to ask while nothing changes."),
      OptionDeclaration(
        "timeout", .duration(.milliseconds(10) ... .seconds(60)), default: .duration(.seconds(2)),
        help: "How long to wait for an answer."),
      OptionDeclaration(
        "expectStatus", .integer(100...599), help: "The one status that counts; another one means a portal."),
      OptionDeclaration(
        "expectHeader", .string,
        help: "A field of the answer, as `X-Service` or `X-Service: orders`; without it, it is a portal's."),
      OptionDeclaration("expectBody", .string, help: "A text the body contains; without it, it is a portal's."),
    ]

    /// Whether the expectations can be met at all.
    public static func problems(in options: PluginOptions) -> [PluginOptionError] {
      problems(from: [
        {
          guard let text = try options.stringIfPresent("expectHeader"), HTTPProbeHeader(text) == nil else { return }
          throw PluginOptionError(
            "\(options.path).expectHeader is \"\(text)\", which is no field such as X-Service or X-Service: orders")
        }
      ])
    }

    /// Makes an `HTTPProbe`, which is `Closable`.
    public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any ReachabilityProbe {
      HTTPProbe(
        url: try options.string("url"),
        timeout: try options.duration("timeout"),
        expectStatus: options.value("expectStatus") == nil ? nil : try options.integer("expectStatus"),
        expectHeader: try options.stringIfPresent("expectHeader"),
        expectBody: try options.stringIfPresent("expectBody"),
        time: context.time)
    }
  }
#endif
