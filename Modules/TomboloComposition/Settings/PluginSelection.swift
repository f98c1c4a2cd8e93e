public import TomboloPorts

/// Which plugin a section names, and its checked options.
public struct PluginSelection: Sendable {
  public var identifier: PluginIdentifier
  public var options: PluginOptions

  /// The plugin `identifier` with `options`.
  public init(_ identifier: PluginIdentifier, options: PluginOptions) {
    self.identifier = identifier
    self.options = options
  }
}
