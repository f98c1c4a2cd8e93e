import ArgumentParser
import Synchronization
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
      Of a damaged store, where its engine can be repaired, everything that is intact is printed, as it is stored; what is \
      not is told on standard error, and the exit status is 1.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Flag(name: .customLong("no-values"), help: "Leave the values out.")
  var hidesValues = false

  @Flag(
    name: .customLong("no-revisions"),
    help: "Leave the revisions out: dumps of a store and of its migrated copy are then the same, byte for byte.")
  var hidesRevisions = false

  func run() async throws {
    let settings = try options.loadStorage()
    let lines = DumpLines(hidesValues: hidesValues, hidesRevisions: hidesRevisions)
    do {
      try await StorageDoor(settings: settings).open { store in
        var reader = RecordReader(store)
        while let records = try await reader.chunk() {
          for record in records { try lines.print(record) }
        }
      }
    } catch let error as StoreError where error.code == .damaged {
      guard let plugin = try? CompiledInPlugins.registry().repairableStorage(settings.engine.identifier) else {
        // An engine without a repair: its own words say what to do.
        throw error
      }
      try await printIntact(plugin, settings, lines, error)
    }
  }

  /// Goes on behind the last record that was printed: both ways go in the order of the keys.
  private func printIntact(
    _ plugin: any RepairableStorage.Type, _ settings: StorageSettings, _ lines: DumpLines, _ error: StoreError
  ) async throws {
    Output.error("tombolo: \(error)")
    if settings.encryption != nil {
      Output.error("tombolo: what is intact follows as it is stored: with its values encrypted")
    }
    let context = PluginContext(time: SystemTimeSource()) { Output.error("tombolo: \($0)") }
    let report = try await plugin.salvage(settings.engine.options, in: context) { record in
      if !record.key.hasPrefix(ReservedKeys.prefix) { try lines.print(record) }
    }
    LossReport(report.losses).lines.forEach(Output.error)
    throw CommandError(
      .failed,
      "the store is damaged; \(report.recordCount) records are intact. `tombolo storage repair --from FILE --to FOLDER` saves "
        + "them into a new folder")
  }
}

/// Prints records, each once, in ascending order.
private final class DumpLines: Sendable {
  private let hidesValues: Bool
  private let hidesRevisions: Bool
  private let last = Mutex<Key?>(nil)

  init(hidesValues: Bool, hidesRevisions: Bool) {
    self.hidesValues = hidesValues
    self.hidesRevisions = hidesRevisions
  }

  func print(_ record: Record) throws {
    let isNext = last.withLock { last in
      if let key = last, record.key <= key { return false }
      last = record.key
      return true
    }
    guard isNext else { return }
    Output.line(
      bytes: try JSONText.encode(DumpLine(record, hidesValue: hidesValues, hidesRevision: hidesRevisions)))
  }
}
