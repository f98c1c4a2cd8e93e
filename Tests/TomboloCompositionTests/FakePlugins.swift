import TomboloPorts

@testable import TomboloComposition

/// What the golden files may name: the shape of the real plugins, and nothing behind it.
enum FakePlugins {
  static func registry() throws(PluginRegistryError) -> PluginRegistry {
    var registry = PluginRegistry()
    try registry.register(AutoStoragePlugin.self)
    try registry.register(MemoryStorage.self)
    try registry.register(SQLiteStorage.self)
    try registry.register(Encryption.self)
    try registry.register(HTTPDelivery.self)
    try registry.register(ExponentialBackoff.self)
    try registry.register(ConstantBackoff.self)
    try registry.register(TimestampConflict.self)
    try registry.register(FieldsConflict.self)
    try registry.registerPolicies()
    try registry.register(TCPProbe.self)
    try registry.register(HTTPProbe.self)
    try registry.register(AutomaticSource.self)
    try registry.register(NoSource.self)
    return registry
  }

  /// What every fake makes: it remembers its options, and tells when it is closed.
  struct Part: Closable {
    var options: PluginOptions
    var onClose: @Sendable () -> Void = {}

    func close() async throws { onClose() }
  }

  protocol Fake: Plugin where Product == Part {}
}

extension FakePlugins.Fake {
  static func make(_ options: PluginOptions, in context: PluginContext) async throws -> FakePlugins.Part {
    FakePlugins.Part(options: options)
  }
}

extension FakePlugins {
  enum MemoryStorage: Fake {
    static let identifier = PluginIdentifier(.storage, "memory")
    static let summary = "Nothing survives the process."
    static let options: [OptionDeclaration] = []
  }

  enum SQLiteStorage: Fake {
    static let identifier = PluginIdentifier(.storage, "sqlite")
    static let summary = "An SQLite database."
    static let options = [
      OptionDeclaration("path", .string, default: .string("./tombolo-data"), help: "The folder of the database."),
      OptionDeclaration(
        "durability", .choice(StoreDurability.allCases.map(\.rawValue)), default: .string("full"), help: "Survives."),
      OptionDeclaration("cacheSize", .size(1_024...(1 << 30)), default: .size(8 << 20), help: "Of the page cache."),
    ]
  }

  enum Encryption: Fake {
    static let identifier = PluginIdentifier(.encryption, "aes-gcm")
    static let summary = "Nobody reads it."
    static let options = [OptionDeclaration("keyFile", .string, isRequired: true, help: "A file of keys.")]
  }

  enum HTTPDelivery: Fake {
    static let identifier = PluginIdentifier(.delivery, "http")
    static let summary = "HTTP requests."
    static let options = [
      OptionDeclaration("baseURL", .url, isRequired: true, help: "Where requests go."),
      OptionDeclaration("token", .string, isSecret: true, help: "Sent as bearer token."),
      OptionDeclaration("pin", .integer(1_000...9_999), isSecret: true, help: "A secret number."),
      OptionDeclaration("followRedirects", .boolean, default: .boolean(false), help: "Whether to."),
      OptionDeclaration("headers", .map(of: .string), default: .map([]), help: "Sent with every request."),
      OptionDeclaration("retryOn", .list(of: .integer(100...599)), default: .list([]), help: "Statuses."),
      OptionDeclaration(
        "routes",
        .list(
          of: .section([
            OptionDeclaration("match", .string, isRequired: true, help: "A pattern of kinds."),
            OptionDeclaration("method", .choice(["POST", "PUT"]), default: .string("POST"), help: "The method."),
            OptionDeclaration("secret", .string, isSecret: true, help: "Hidden."),
          ])), default: .list([]), help: "Kinds that go elsewhere."),
      OptionDeclaration(
        "pool",
        .section([
          OptionDeclaration("connections", .integer(1...100), default: .integer(8), help: "At most."),
          OptionDeclaration(
            "idle", .duration(.zero ... .seconds(600)), default: .duration(.seconds(60)), help: "Kept."),
        ]), help: "The connection pool."),
    ]
  }

  enum ExponentialBackoff: Fake {
    static let identifier = PluginIdentifier(.backoff, "exponential")
    static let summary = "Longer each time."
    static let options = [
      OptionDeclaration(
        "initial", .duration(.milliseconds(1) ... .seconds(3_600)), default: .duration(.milliseconds(500)),
        help: "First."),
      OptionDeclaration("multiplier", .number(1...10), default: .number(2), help: "Factor."),
      OptionDeclaration(
        "maximum", .duration(.milliseconds(1) ... .seconds(86_400)), default: .duration(.seconds(300)), help: "Longest."
      ),
      OptionDeclaration("jitter", .choice(["full", "equal", "none"]), default: .string("full"), help: "Spread."),
    ]
  }

  enum ConstantBackoff: Fake {
    static let identifier = PluginIdentifier(.backoff, "constant")
    static let summary = "Always the same."
    static let options = [
      OptionDeclaration("delay", .duration(.zero ... .seconds(60)), default: .duration(.seconds(1)), help: "The wait.")
    ]
  }

  enum TimestampConflict: Fake {
    static let identifier = PluginIdentifier(.conflict, "timestamp")
    static let summary = "The last writer wins."
    static let options: [OptionDeclaration] = []
  }

  enum FieldsConflict: Fake {
    static let identifier = PluginIdentifier(.conflict, "fields")
    static let summary = "Field by field."
    static let options = [
      OptionDeclaration("prefer", .list(of: .string), isRequired: true, help: "Fields that are ours.")
    ]
  }

  enum TCPProbe: Fake {
    static let identifier = PluginIdentifier(.probe, "tcp")
    static let summary = "A connection."
    static let options = [OptionDeclaration("port", .integer(1...65_535), isRequired: true, help: "Where to.")]
  }

  enum HTTPProbe: Fake {
    static let identifier = PluginIdentifier(.probe, "http")
    static let summary = "A request."
    static let options = [
      OptionDeclaration("url", .url, isRequired: true, help: "What is asked."),
      OptionDeclaration(
        "interval", .duration(.milliseconds(100) ... .seconds(3_600)), default: .duration(.seconds(5)),
        help: "How often."),
      OptionDeclaration(
        "timeout", .duration(.milliseconds(10) ... .seconds(60)), default: .duration(.seconds(2)), help: "How long."),
    ]
  }
}

extension FakePlugins {
  enum AutomaticSource: Fake {
    static let identifier = PluginIdentifier(.network, "auto")
    static let summary = "What this system has."
    static let options: [OptionDeclaration] = []
  }

  enum NoSource: Fake {
    static let identifier = PluginIdentifier(.network, "none")
    static let summary = "Does not ask the system."
    static let options: [OptionDeclaration] = []
  }
}
