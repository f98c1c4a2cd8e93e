import TomboloPorts

/// What to say when a config names a plugin that is not there: what is, and how to add one. The name is shown as a key is: where a
/// colon was forgotten, the rest of the line is part of it.
struct UnknownPluginText {
  var message: String
  var suggestion: String?

  init(_ identifier: PluginIdentifier, in registry: PluginRegistry) {
    let names = registry.descriptions(of: identifier.kind).map(\.identifier)
    suggestion = NearestName.find(identifier.name, among: names.map(\.name))
    let hint = suggestion.map { "; did you mean \"\($0)\"?" } ?? "."
    let list = names.isEmpty ? "none" : names.map(\.description).joined(separator: ", ")
    message =
      "no plugin \(identifier.kind.rawValue).\(identifier.name.shownAsKey) is compiled in\(hint) Compiled in: \(list). "
      + "To add one: a line in Tools/tombolo/Program/StandardPlugins.swift, or in a program of your own "
      + "AgentProgram.run { registry in try registry.register(MyPlugin.self) }"
  }
}
