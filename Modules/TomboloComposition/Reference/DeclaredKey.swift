public import TomboloPorts

/// One key that a configuration may have.
public struct DeclaredKey: Hashable, Sendable {
  /// Its full path: `storage.path`.
  public var path: String
  /// The plugin whose key it is, which the section must name; `nil` for keys that are always there.
  public var plugin: PluginIdentifier?
  public var option: OptionDeclaration

  /// The variable that sets it.
  public var variable: String { Assignment.variable(for: path) }
  /// Whether a new value counts only after a restart, and not by a reload.
  public var needsRestart: Bool { ReloadRule.needsRestart(path) }
}
