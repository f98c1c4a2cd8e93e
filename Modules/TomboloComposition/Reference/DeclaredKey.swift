public import TomboloPorts

/// One key that a configuration may have.
public struct DeclaredKey: Hashable, Sendable {
  /// Its full path: `storage.path`. What stands in the items of a list has `[]` in it: `delivery.routes[].kind`.
  public var path: String
  /// The plugin whose key it is, which the section must name; `nil` for keys that are always there.
  public var plugin: PluginIdentifier?
  public var option: OptionDeclaration

  /// The variable that sets it. What stands in a list is set with the whole list.
  public var variable: String { Assignment.variable(for: path) }
  /// Whether a new value counts only after a restart, and not by a reload.
  public var needsRestart: Bool { ReloadRule.needsRestart(path) }

  /// The keys inside it: of a section, or of the sections that are a list's items or stand under a map's names.
  public var inner: [DeclaredKey] {
    let place = option.type.innerOptions
    return place.options.flatMap { inner in
      let key = DeclaredKey(path: "\(path)\(place.suffix).\(inner.name)", plugin: plugin, option: inner)
      return [key] + key.inner
    }
  }
}

extension OptionType {
  /// The options inside it, however deep in lists and maps, and what their paths have before their names.
  var innerOptions: (suffix: String, options: [OptionDeclaration]) {
    switch self {
    case .section(let options): return ("", options)
    case .list(let element):
      let inner = element.innerOptions
      return ("[]" + inner.suffix, inner.options)
    case .map(let element):
      let inner = element.innerOptions
      return (".NAME" + inner.suffix, inner.options)
    default: return ("", [])
    }
  }
}
