import TomboloPorts

/// A place in the config where a section names a plugin and carries its options.
enum PluginSlot: Hashable {
  case storage, encryption, delivery, probe, system, backoff, conflict
  /// The probe of the upstream of this name, as many as the config has.
  case upstream(String)

  /// Those that are always there.
  static let fixed: [PluginSlot] = [.storage, .encryption, .delivery, .probe, .system, .backoff, .conflict]
  /// The section that holds the upstreams.
  static let upstreamsPath = ["network", "upstreams"]

  var kind: PluginKind {
    switch self {
    case .storage: .storage
    case .encryption: .encryption
    case .delivery: .delivery
    case .probe, .upstream: .probe
    case .system: .network
    case .backoff: .backoff
    case .conflict: .conflict
    }
  }

  var path: [String] {
    switch self {
    case .storage: ["storage"]
    case .encryption: ["storage", "encryption"]
    case .delivery: ["delivery"]
    case .probe: ["network", "probe"]
    case .system: ["network", "system"]
    case .upstream(let name): Self.upstreamsPath + [name]
    case .backoff: ["queue", "backoff"]
    case .conflict: ["queue", "conflict"]
    }
  }

  /// Keys of its section that are the composition's, not the plugin's.
  var foreignKeys: [String] { self == .delivery ? [ResilienceOptions.delivery.name] : [] }

  var pathText: String { path.joined(separator: ".") }

  /// The plugin when the config names none.
  var defaultName: String? {
    switch self {
    case .storage: "sqlite"
    case .backoff: "exponential"
    case .conflict: "timestamp"
    case .system: "auto"
    case .encryption, .delivery, .probe, .upstream: nil
    }
  }

  /// The plugin when the section is there and does not say which.
  var nameWhenPresent: String? { self == .encryption ? "aes-gcm" : defaultName }

  var isRequired: Bool { self == .delivery }

  var help: String {
    switch self {
    case .storage: "Where operations are kept. A relative path is relative to the working directory."
    case .encryption: "Encrypts what the storage holds; without this section it is plain."
    case .delivery: "How operations reach the outside."
    case .probe: "How the program asks whether the outside can be reached; without one it asks where deliveries go."
    case .system: "How the program hears of links, addresses and routes."
    case .upstream: "A place that is watched for itself, beside the network as a whole."
    case .backoff: "How long to wait between attempts."
    case .conflict: "What to do when the outside holds another version."
    }
  }
}
