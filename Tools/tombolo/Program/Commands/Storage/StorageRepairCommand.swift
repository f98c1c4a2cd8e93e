import ArgumentParser
import Foundation
import TomboloComposition
import TomboloPorts

/// `tombolo storage repair`.
struct StorageRepairCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Saves what is intact in a damaged store into a new folder and tells what was lost.",
    discussion: """
      The damaged store is only read, and stays. Batches stay whole: of one that is damaged anywhere, nothing is saved. A lost \
      part may have held changes that are missing now, and deletes whose records are there again. Look at what was saved \
      (`tombolo storage dump`), then point storage.path of the agent's config at the new folder.
      """)

  @Option(name: .customLong("from"), help: ArgumentHelp("The config of the damaged store.", valueName: "file"))
  var source: String

  @Option(
    name: .customLong("to"), help: ArgumentHelp("The new store: not there yet, or empty.", valueName: "folder"))
  var target: String

  func run() async throws {
    let registry = try CompiledInPlugins.registry()
    let settings = try ConfigurationLoader(registry: registry).loadStorage(file: source)
    let folder = URL(fileURLWithPath: target).standardizedFileURL.path
    let path = StorageDoor.absolutePath(settings)
    if path == folder {
      throw CommandError(
        .usage, "\(folder) is the damaged store itself, which stays as it is; name a new folder with --to")
    }
    try StorageDoor.requirePresent(settings)
    let plugin = try registry.repairableStorage(settings.engine.identifier)
    let context = PluginContext(time: SystemTimeSource()) { Output.error("tombolo: \($0)") }
    let report = try await plugin.repair(settings.engine.options, into: folder, in: context)
    Output.line("\(report.recordCount) records are intact and now in \(folder)")
    LossReport(report.losses).lines.forEach(Output.error)
    Output.line("next: set storage.path to \(folder) in the config of the agent")
  }
}
