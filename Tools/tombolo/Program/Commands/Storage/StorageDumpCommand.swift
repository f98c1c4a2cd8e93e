import ArgumentParser
import TomboloComposition
import TomboloPorts
import TomboloStorage

/// `tombolo storage dump`.
struct StorageDumpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Prints every record as a line of JSON, in the order of the keys.",
    discussion: """
      `key` is for reading, `keyBase64` is exact; `bytes` is the length of the value. An encrypted store is printed decrypted. \
      A record whose value cannot be decrypted is named on standard error and left out. Of a damaged store, where its engine can be \
      repaired, everything that is intact is printed, and what is not is told on standard error. Either way the exit status is \
      then 1. Such an engine's store is also printed from a folder that cannot be written. With --journal it is the files that are \
      printed: every change in the order it was written, deletes included, values as they are stored, and what cannot be read; \
      an agent may run meanwhile, and what it is just writing or removing shows as a gap.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Flag(name: .customLong("no-values"), help: "Leave the values out.")
  var hidesValues = false

  @Flag(
    name: .customLong("no-revisions"),
    help: "Leave the revisions out: dumps of a store and of its migrated copy are then the same, byte for byte.")
  var hidesRevisions = false

  @Flag(name: .customLong("journal"), help: "Print what the engine's files hold, change by change (type: file).")
  var showsJournal = false

  func validate() throws {
    guard showsJournal, hidesValues || hidesRevisions else { return }
    throw ValidationError("--journal prints the files as they are; it goes with neither --no-values nor --no-revisions")
  }

  func run() async throws {
    let settings = try options.loadStorage()
    if showsJournal { return try await printJournal(settings) }
    let dump = RecordDump(hidesValues: hidesValues, hidesRevisions: hidesRevisions)
    do {
      try await StorageDoor(settings: settings).open(dump.print)
    } catch let error as StoreError where IntactRecords.isWanted(error, settings) {
      try await IntactRecords(settings: settings, error: error).print(with: dump)
    }
    guard dump.unreadableCount == 0 else {
      throw CommandError(
        .failed,
        "\(dump.unreadableCount) records are damaged within their encryption and were left out (above). The engine's own files "
          + "are intact, so `tombolo storage repair` cannot help: restore them from a copy of the store")
    }
  }

  private func printJournal(_ settings: StorageSettings) async throws {
    try StorageDoor.requirePresent(settings)
    let plugin: any RepairableStorage.Type
    do {
      plugin = try CompiledInPlugins.registry().repairableStorage(settings.engine.identifier)
    } catch {
      throw CommandError(
        .usage,
        "a storage of type \(settings.engine.identifier.name) has no journal that can be shown; leave --journal out",
        cause: error)
    }
    let context = PluginContext(time: SystemTimeSource()) { Output.error("tombolo: \($0)") }
    try await plugin.inspect(settings.engine.options, in: context) { Output.line($0) }
  }
}
