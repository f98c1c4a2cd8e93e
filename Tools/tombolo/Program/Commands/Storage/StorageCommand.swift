import ArgumentParser

/// `tombolo storage`.
struct StorageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "storage",
    abstract: "Checks an engine; moves a store to another one, shows what is in it, repairs it, encrypts it anew.",
    discussion: """
      These commands work on the store itself and alone: an agent may run only beside `verify` and `dump --journal`, also where \
      it shares its store. The config need not say where operations are \
      delivered.
      """,
    subcommands: [
      StorageVerifyCommand.self, StorageMigrateCommand.self, StorageDumpCommand.self, StorageRepairCommand.self,
      StorageGenerateKeyCommand.self, StorageRotateKeyCommand.self,
    ])
}
