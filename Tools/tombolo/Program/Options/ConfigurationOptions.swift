import ArgumentParser
import Foundation
import Logging
import TomboloComposition

/// Which configuration a command works with: the same two options everywhere.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: .customLong("config"),
    help: ArgumentHelp(
      "The config file; otherwise $TOMBOLO_CONFIG, otherwise ./tombolo.yaml.", valueName: "file"))
  var file: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Sets a key above all other layers; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []

  /// Reads it; throws every problem at once.
  func load() throws -> Configuration { try load(from: CompiledInPlugins.registry()) }

  /// The same with the plugins of `registry`, for whoever reads it outside of the command's task.
  func load(from registry: PluginRegistry) throws -> Configuration {
    try ConfigurationLoader(registry: registry)
      .load(file: try chosenFile(), environment: ProcessInfo.processInfo.environment, overrides: overrides)
  }

  /// Reads the section `storage` alone; where operations are delivered need not be said.
  func loadStorage() throws -> StorageSettings {
    let environment = ProcessInfo.processInfo.environment
    let file = try Self.choose(
      option: file, environment: environment, overrides: overrides, isDeliveryNeeded: false,
      exists: { FileManager.default.fileExists(atPath: $0) })
    return try ConfigurationLoader(registry: CompiledInPlugins.registry())
      .loadStorage(file: file, environment: environment, overrides: overrides)
  }

  /// The system that the configuration describes; nothing is open yet.
  func system(
    _ configuration: Configuration, observation: SystemObservation = SystemObservation(), logger: Logger
  ) throws -> TomboloSystem {
    try TomboloSystem(
      configuration, registry: CompiledInPlugins.registry(), observation: observation, logger: logger)
  }

  /// The file that counts; `nil` when the other layers do without one.
  func chosenFile() throws -> String? {
    try Self.choose(
      option: file, environment: ProcessInfo.processInfo.environment, overrides: overrides,
      exists: { FileManager.default.fileExists(atPath: $0) })
  }

  static let usualFile = "tombolo.yaml"

  /// The option wins over the variable, the variable over the usual name. Only `delivery` has no default: where a variable
  /// or an override says it, as in a container, no file is needed.
  static func choose(
    option: String?, environment: [String: String], overrides: [String] = [], isDeliveryNeeded: Bool = true,
    exists: (String) -> Bool
  ) throws(CommandError) -> String? {
    if let option { return option }
    if let variable = environment["TOMBOLO_CONFIG"], !variable.isEmpty { return variable }
    if exists(usualFile) { return usualFile }
    if environment.keys.contains(where: { $0.hasPrefix("TOMBOLO_DELIVERY") }) { return nil }
    if overrides.contains(where: { $0.hasPrefix("delivery") }) { return nil }
    guard isDeliveryNeeded else { return nil }
    throw CommandError(
      .usage,
      """
      there is no config file: neither --config FILE nor TOMBOLO_CONFIG is given, and there is no ./\(usualFile) here.
      The smallest one says where to deliver; write this into ./\(usualFile):

        delivery:
          type: http
          baseURL: http://127.0.0.1:9000
      """)
  }
}
