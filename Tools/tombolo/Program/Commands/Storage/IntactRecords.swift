import TomboloComposition
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is intact of a store that cannot be opened, because it is damaged or because its folder cannot be written.
struct IntactRecords {
  var settings: StorageSettings
  /// Why it cannot be opened, or be read to its end.
  var error: StoreError

  /// Whether an error is one of those that leave something to read. Damage to single records is not one of them.
  static func isWanted(_ error: StoreError, _ settings: StorageSettings) -> Bool {
    error.code == .damaged && error.key == nil || isReadOnly(error, settings)
  }

  private static func isReadOnly(_ error: StoreError, _ settings: StorageSettings) -> Bool {
    guard error.code == .inaccessible, let path = StorageDoor.absolutePath(settings) else { return false }
    return access(path, W_OK) != 0 && access(path, R_OK | X_OK) == 0
  }

  /// Prints it. Goes on behind the last record that was printed: both ways go in the order of the keys.
  ///
  /// - Throws: `CommandError` when something is lost or may be, with what to do.
  func print(with dump: RecordDump) async throws {
    let registry = try CompiledInPlugins.registry()
    let plugin: any RepairableStorage.Type
    do {
      plugin = try registry.repairableStorage(settings.engine.identifier)
    } catch {
      throw withoutRepair
    }
    let isDamaged = error.code == .damaged
    if isDamaged { Output.error("tombolo: \(error)") }
    let context = PluginContext(time: SystemTimeSource()) { Output.error("tombolo: \($0)") }
    let salvaged = try await plugin.salvage(settings.engine.options, in: context)
    do {
      try await dump.print(shown(salvaged.store, registry, context))
    } catch {
      do { try await salvaged.store.close() } catch let later { Output.error("tombolo: closing failed, too: \(later)") }
      throw error
    }
    try await salvaged.store.close()
    guard isDamaged || !salvaged.losses.isEmpty else { return }
    LossReport(salvaged.losses).lines.forEach(Output.error)
    throw CommandError(
      .failed,
      "the store is damaged; what is intact was printed. `tombolo storage repair --from FILE --to FOLDER` saves it into a new "
        + "folder")
  }

  /// Its own words say what to do about damage. A folder that cannot be written has to be copied.
  private var withoutRepair: any Error {
    guard error.code == .inaccessible else { return error }
    return CommandError(
      .failed,
      "\(error). A store of type \(settings.engine.identifier.name) cannot be read where it cannot be written: copy its folder to "
        + "where it can, and name the copy with --set storage.path=FOLDER", cause: error)
  }

  /// Decrypted, unless what says how is damaged as well.
  private func shown(
    _ store: any KeyValueStore, _ registry: PluginRegistry, _ context: PluginContext
  ) async throws -> any KeyValueStore {
    do {
      return try await settings.showing(store, registry, in: context)
    } catch let error as StoreError where self.error.code == .damaged {
      Output.error("tombolo: \(error)")
      Output.error("tombolo: what is intact follows as it is stored: with its values encrypted")
      return store
    }
  }
}
