/// A checked configuration: typed settings, and where each of them comes from.
public struct Configuration: Sendable {
  public var agent: AgentSettings
  public var storage: PluginSelection
  /// What encrypts the storage; `nil` when it is plain.
  public var encryption: PluginSelection?
  public var queue: QueueSettings
  public var network: NetworkSettings
  public var delivery: PluginSelection
  /// The policies around the delivery; `nil` when there are none.
  public var resilience: PipelineSettings?
  public var logging: LoggingSettings
  /// Every key with its effective value, secrets hidden, in the order of the sections.
  public let entries: [ConfigurationEntry]

  /// The section `storage`, with the limits of the queue it is for.
  public var storageSettings: StorageSettings {
    StorageSettings(
      engine: storage, encryption: encryption, operationsMaximum: queue.operationsMaximum,
      bytesMaximum: queue.bytesMaximum)
  }

  /// Every plugin it names.
  var selections: [PluginSelection] {
    storageSettings.selections + [delivery] + network.selections + [queue.backoff, queue.conflict]
  }

  /// The effective values, one a line, each with the layer it comes from. What is not set is left out.
  public var text: String {
    entries.filter { $0.value != nil }.map(\.description).joined(separator: "\n")
  }

  /// The key at `path`, or every key of the section there. Throws when there is none, with the nearest name.
  public func explain(_ path: String) throws(ConfigurationError) -> [ConfigurationEntry] {
    let found = entries.filter { $0.path == path || $0.path.hasPrefix(path + ".") }
    guard found.isEmpty else { return found }
    let nearest = NearestName.find(path, among: entries.map(\.path))
    let hint = nearest.map { "did you mean \"\($0)\"?" } ?? "`tombolo config show` lists the keys"
    throw ConfigurationError(problems: [
      ConfigurationProblem(.unknownKey, at: path, suggestion: nearest, "no such key; \(hint)")
    ])
  }
}
