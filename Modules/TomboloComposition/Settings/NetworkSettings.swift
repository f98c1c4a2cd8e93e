/// The section `network`: how the program learns whether the outside can be reached.
public struct NetworkSettings: Sendable {
  /// The plugin that asks; without one the assembly asks where deliveries go.
  public var probe: PluginSelection?
}
