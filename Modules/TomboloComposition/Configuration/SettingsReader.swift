import Logging
import TomboloPorts

/// Turns checked values into typed settings, and judges what only several values together can tell.
struct SettingsReader {
  let root: PluginOptions
  let registry: PluginRegistry
  private let names: [PluginSlot: String]
  private let entries: [ConfigurationEntry]
  /// What was wrong already. What is in a list loses its place there, so of such a list nothing more is said.
  private let known: [ConfigurationProblem]
  private(set) var problems: [ConfigurationProblem] = []

  init(
    _ value: OptionValue, names: [PluginSlot: String], entries: [ConfigurationEntry], known: [ConfigurationProblem],
    registry: PluginRegistry
  ) throws {
    guard case .map(let sections) = value else { throw PluginOptionError("the config is no section") }
    self.root = Self.options(sections, path: "")
    self.registry = registry
    self.names = names
    self.entries = entries
    self.known = known
  }

  /// The settings; only to be used when there are no problems afterwards.
  mutating func read() throws -> Configuration? {
    let agent = try root.section("agent")
    let logging = try root.section("logging")
    guard let listen = try readListen(agent),
      let storage = try selection(.storage), let delivery = try selection(.delivery),
      let queue = try readQueue(), let network = try readNetwork(),
      let level = Logger.Level(rawValue: try logging.string("level")),
      let format = LoggingSettings.Format(rawValue: try logging.string("format"))
    else { return nil }
    checkDurability(queue.durability, storage)
    return Configuration(
      agent: AgentSettings(
        listen: listen, token: try agent.stringIfPresent("token").map { Secret($0) },
        tokenFile: try agent.stringIfPresent("tokenFile"), hostNames: try readHostNames(agent),
        connectionsMaximum: try agent.integer("connectionsMaximum"),
        shutdownGrace: try agent.duration("shutdownGrace")),
      storage: storage, encryption: try selection(.encryption), queue: queue,
      network: network, delivery: delivery, resilience: try readResilience(),
      logging: LoggingSettings(level: level, format: format), entries: entries)
  }

  /// Whether the storage can do what every enqueue is to ask of it.
  private mutating func checkDurability(_ wanted: StoreDurability?, _ storage: PluginSelection) {
    guard let wanted, let maximum = registry.durabilityMaximum(storage), wanted > maximum else { return }
    let isSetSo = storage.options.value("durability") != nil
    let cause = isSetSo ? "storage.durability is \(maximum.rawValue)" : "storage.type is \(storage.identifier.name)"
    add(
      .conflict, "queue.durability", value: wanted.rawValue,
      "is \(wanted.rawValue), and \(cause), so that no commit can reach that: remove queue.durability, or "
        + (isSetSo ? "set storage.durability to full or normal" : "choose another storage.type"))
  }

  /// The section `storage` alone, with the limits of the queue it is for.
  func readStorage() throws -> StorageSettings? {
    guard let engine = try selection(.storage) else { return nil }
    let queue = try root.section("queue")
    return StorageSettings(
      engine: engine, encryption: try selection(.encryption),
      operationsMaximum: try queue.integer("operationsMaximum"), bytesMaximum: try queue.byteCount("bytesMaximum"))
  }

  private mutating func readListen(_ agent: PluginOptions) throws -> ListenAddress? {
    let text = try agent.string("listen")
    let token = try agent.stringIfPresent("token")
    let tokenFile = try agent.stringIfPresent("tokenFile")
    if token != nil, tokenFile != nil {
      add(.conflict, "agent.tokenFile", "agent.token is given too: remove one of the two")
    }
    if token?.isEmpty == true { add(.outOfRange, "agent.token", "is empty: give it a text, or remove the key") }
    guard let listen = ListenAddress(text) else {
      add(
        .wrongType, "agent.listen", value: text,
        "\"\(text)\" is wrong: must be host:port such as 127.0.0.1:7117, [v6]:port such as [::1]:7117, or unix:/path")
      return nil
    }
    if !listen.isLoopback, token == nil, tokenFile == nil {
      add(
        .conflict, "agent.listen", value: text,
        "\"\(text)\" can be reached from other machines, and there is no token: set agent.token or agent.tokenFile, "
          + "or listen on 127.0.0.1")
    }
    return listen
  }

  private mutating func readHostNames(_ agent: PluginOptions) throws -> [String] {
    let names = try agent.list("hostNames").compactMap { value in
      if case .string(let name) = value { name } else { nil }
    }
    for name in names where name.isEmpty || name.contains(where: { $0.isWhitespace || "/:[]@".contains($0) }) {
      add(
        .wrongType, "agent.hostNames", value: name,
        "\"\(name)\" is wrong: each item is a bare name such as gateway.example.org, without scheme and port")
    }
    return names
  }

  private mutating func readNetwork() throws -> NetworkSettings? {
    guard let system = try selection(.system) else { return nil }
    var upstreams: [NetworkSettings.Upstream] = []
    for name in try root.section("network").entries("upstreams").map(\.name) {
      if !Self.isGoodName(name) {
        add(
          .wrongType, (PluginSlot.upstreamsPath + [name]).joined(separator: "."), value: name,
          "\"\(name)\" is no name for an upstream: it begins with a letter and has letters, digits and - only")
      }
      guard let probe = try selection(.upstream(name)) else { return nil }
      upstreams.append(NetworkSettings.Upstream(name: name, probe: probe))
    }
    return NetworkSettings(system: system, probe: try selection(.probe), upstreams: upstreams)
  }

  private static func isGoodName(_ name: String) -> Bool {
    guard let first = name.first, first.isASCII, first.isLetter else { return false }
    return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
  }

  func selection(_ slot: PluginSlot) throws -> PluginSelection? {
    var options = root
    for name in slot.path {
      guard options.value(name) != nil else { return nil }
      options = Self.options(try options.entries(name), path: slot.pathText)
    }
    guard let name = names[slot] else { return nil }
    // What belongs to another plugin is not this one's to see.
    let others = PluginSlot.fixed.filter { $0.path.dropLast() == slot.path[...] }.compactMap(\.path.last)
    return PluginSelection(
      PluginIdentifier(slot.kind, name), options: options.leavingOut(others + slot.foreignKeys + ["type"]))
  }

  private static func options(_ entries: [OptionEntry], path: String) -> PluginOptions {
    let pairs = entries.map { ($0.name, $0.value) }
    return PluginOptions(path: path, values: Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
  }

  func isRefused(_ path: String) -> Bool { known.contains { $0.path.hasPrefix(path) } }

  /// Whether a layer sets this key.
  func isGiven(_ path: String) -> Bool {
    entries.contains { $0.path == path && $0.origin != .defaultValue }
  }

  mutating func add(
    _ code: ConfigurationProblem.Code, _ path: String, value: String? = nil, suggestion: String? = nil,
    _ message: String
  ) {
    // An item of a list stands where the list stands.
    let place = path.firstIndex(of: "[").map { String(path[..<$0]) } ?? path
    let origin = entries.first { $0.path == place }?.origin
    problems.append(ConfigurationProblem(code, at: path, origin: origin, value: value, suggestion: suggestion, message))
  }
}
