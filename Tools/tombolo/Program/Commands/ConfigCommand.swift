import ArgumentParser
import TomboloComposition

/// `tombolo config`.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Checks the configuration, shows it, and explains where a value comes from.",
    subcommands: [
      ConfigCheckCommand.self, ConfigShowCommand.self, ConfigExplainCommand.self, ConfigSchemaCommand.self,
      ConfigReferenceCommand.self,
    ])
}

/// `tombolo config check`.
struct ConfigCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Reports every problem at once; opens nothing.")

  @OptionGroup var options: ConfigurationOptions

  func run() throws {
    let file = try options.chosenFile()
    let summary = ConfigurationSummary(configuration: try options.load())
    Output.line("ok: \(file ?? "no config file, variables and options only")\n\(summary)")
  }
}

/// `tombolo config show`.
struct ConfigShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Prints every value that counts, secrets hidden, and the layer it comes from.")

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "Hide secrets. They always are; the flag says so in scripts.")
  var redacted = false

  func run() throws {
    Output.line(try options.load().text)
  }
}

/// `tombolo config explain`.
struct ConfigExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Tells what a key means, what may stand there, and which layer set it.")

  @OptionGroup var options: ConfigurationOptions

  @Argument(help: "A key such as storage.path, or a section such as queue.")
  var key: String

  func run() throws {
    let entries = try options.load().explain(key)
    Output.line(entries.map(\.explanation).joined(separator: "\n\n"))
  }
}

/// `tombolo config schema`.
struct ConfigSchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Prints a JSON Schema of config files, for editors.",
    discussion: """
      Save it, and name it in the first line of a config: `# yaml-language-server: $schema=./tombolo.schema.json`. Editors \
      then offer the keys, and underline what is wrong, while one writes.
      """)

  func run() throws {
    Output.line(try ConfigurationReference(registry: CompiledInPlugins.registry()).jsonSchema())
  }
}

/// `tombolo config reference`.
struct ConfigReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reference", abstract: "Prints every key there is, with limits, default and meaning, as Markdown.")

  func run() throws {
    Output.line(try ConfigurationReference(registry: CompiledInPlugins.registry()).markdown)
  }
}
