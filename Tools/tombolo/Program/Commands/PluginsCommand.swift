import ArgumentParser
import TomboloComposition

/// `tombolo plugins`.
struct PluginsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins", abstract: "Lists what is compiled in, with the options a config may set.")

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let descriptions = try CompiledInPlugins.registry().descriptions
    if json {
      Output.line(bytes: try JSONText.encode(descriptions))
    } else {
      Output.line(descriptions.map(\.text).joined(separator: "\n\n"))
    }
  }
}
