import TomboloComposition
import TomboloPorts

/// A configuration in one line, as `tombolo config check` tells of it.
struct ConfigurationSummary: CustomStringConvertible {
  let configuration: Configuration

  var description: String {
    [
      "listens on \(configuration.agent.listen)", part("storage", configuration.storage, ["path"], " in "),
      part("delivery", configuration.delivery, ["baseURL"], " to "),
    ].joined(separator: "; ")
  }

  private func part(_ name: String, _ selection: PluginSelection, _ keys: [String], _ joint: String) -> String {
    // As `config show` has it: a secret in a URL stays hidden.
    let value = configuration.entries.first { entry in keys.contains { entry.path == "\(name).\($0)" } }?.value
    return "\(name) \(selection.identifier.name)" + (value.map { joint + $0 } ?? "")
  }
}
