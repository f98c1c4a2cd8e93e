import ArgumentParser
import Foundation
import TomboloComposition
import TomboloPorts
import TomboloStorage

/// `tombolo storage migrate`.
struct StorageMigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Copies everything from one configured store into another and verifies the copy.",
    discussion: """
      Both files need only their section `storage`, and variables of the environment do not count here. The source is only \
      read, and stays. A run that was interrupted is taken up again by the same command. Point the agent's config at the new \
      store afterwards.
      """)

  @Option(name: .customLong("from"), help: ArgumentHelp("The config of the store to read.", valueName: "file"))
  var source: String

  @Option(name: .customLong("to"), help: ArgumentHelp("The config of the store to fill.", valueName: "file"))
  var target: String

  func run() async throws {
    let loader = ConfigurationLoader(registry: try CompiledInPlugins.registry())
    let (from, to) = (try loader.loadStorage(file: source), try loader.loadStorage(file: target))
    if let path = StorageDoor.absolutePath(from), path == StorageDoor.absolutePath(to) {
      throw CommandError(
        .usage,
        "\(source) and \(target) both name the folder \(path), and a folder holds one store; name another storage.path in "
          + "\(target)")
    }
    let meter = MigrationMeter()
    let report = try await StorageDoor(settings: from).open { store in
      try await StorageDoor(settings: to, mustExist: false, allowsUnfinishedMigration: true).open { copy in
        try await migrate(from: store, named: StorageDoor.name(from), to: copy, meter)
      }
    }
    meter.end()
    Output.line(
      """
      \(report.recordCountCopied) of \(report.recordCount) records copied now, \
      \(ByteCountWords.text(report.byteCount)) in all
      \(StorageDoor.name(from)) and \(StorageDoor.name(to)) hold the same: SHA-256 \(report.digest)
      """)
  }

  private func migrate(
    from store: any KeyValueStore, named name: String, to copy: any KeyValueStore, _ meter: MigrationMeter
  ) async throws -> MigrationReport {
    do {
      return try await StoreMigration(from: store, named: name, to: copy) { meter.show($0) }.run()
    } catch let error as MigrationError {
      meter.end()
      throw CommandError(.failed, "\(error)", cause: error)
    }
  }
}
