import Foundation
import TomboloComposition
import TomboloPorts

/// Opens the store that a config names, for a command that works on it: alone, also where agents share the store. What a command
/// has passed already, another could change behind it.
struct StorageDoor {
  var settings: StorageSettings
  /// Whether a store that is not there is an error, rather than made.
  var mustExist = true
  var allowsUnfinishedMigration = false

  /// Hands `body` the store, and closes it on every path.
  func open<Result>(_ body: (any KeyValueStore) async throws -> Result) async throws -> Result {
    if mustExist { try Self.requirePresent(settings) }
    let context = PluginContext(time: SystemTimeSource()) { Output.error("tombolo: \($0)") }
    let store = try await alone.open(
      CompiledInPlugins.registry(), in: context, allowsUnfinishedMigration: allowsUnfinishedMigration)
    let result: Result
    do {
      guard store.capabilities.isDurable else {
        throw CommandError(
          .usage,
          "a storage of type \(settings.engine.identifier.name) keeps nothing when its process ends; there is "
            + "nothing to work on")
      }
      result = try await body(store)
    } catch {
      do { try await store.close() } catch let later { Output.error("tombolo: closing failed, too: \(later)") }
      throw error
    }
    try await store.close()
    return result
  }

  /// The settings without leave for others to have the store open meanwhile.
  private var alone: StorageSettings {
    var alone = settings
    if alone.engine.options.value("shared") != nil {
      alone.engine.options = alone.engine.options.setting("shared", to: .boolean(false))
    }
    return alone
  }

  /// - Throws: `CommandError` when the store's folder is not there.
  static func requirePresent(_ settings: StorageSettings) throws {
    guard let path = absolutePath(settings), !FileManager.default.fileExists(atPath: path) else { return }
    throw CommandError(.failed, "there is no store in \(path): that folder does not exist; see storage.path")
  }

  /// Engine and folder: what a store is called in messages.
  static func name(_ settings: StorageSettings) -> String {
    let type = settings.engine.identifier.name
    return absolutePath(settings).map { "\(type) at \($0)" } ?? type
  }

  static func absolutePath(_ settings: StorageSettings) -> String? {
    settings.path.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
  }
}
