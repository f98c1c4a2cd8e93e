/// The section `network`: how the program learns whether the outside can be reached.
public struct NetworkSettings: Sendable {
  /// The plugin that hears of links, addresses and routes from the system.
  public var system: PluginSelection
  /// The plugin that asks; without one the assembly asks where deliveries go.
  public var probe: PluginSelection?
  /// Places that are watched each for itself, in the order of the config.
  public var upstreams: [Upstream]

  /// One such place.
  public struct Upstream: Sendable {
    public var name: String
    /// The plugin that asks it.
    public var probe: PluginSelection
  }

  var selections: [PluginSelection] { [system] + [probe].compactMap { $0 } + upstreams.map(\.probe) }
}
