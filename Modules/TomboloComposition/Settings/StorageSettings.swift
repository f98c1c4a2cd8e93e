public import TomboloPorts
import TomboloStorage

/// The section `storage`: an engine, and what encrypts it.
public struct StorageSettings: Sendable {
  public var engine: PluginSelection
  /// `nil` when the store is plain.
  public var encryption: PluginSelection?
  /// How many operations there may be at most, by the section `queue`: `auto` chooses by it.
  public var operationsMaximum: Int
  /// How many bytes they may have together.
  public var bytesMaximum: Int

  public init(
    engine: PluginSelection, encryption: PluginSelection? = nil, operationsMaximum: Int, bytesMaximum: Int
  ) {
    self.engine = engine
    self.encryption = encryption
    self.operationsMaximum = operationsMaximum
    self.bytesMaximum = bytesMaximum
  }

  /// The folder, where the engine has one.
  public var path: String? {
    guard case .string(let path)? = engine.options.value("path") else { return nil }
    return path
  }

  var selections: [PluginSelection] { [engine] + [encryption].compactMap { $0 } }

  /// Opens the store.
  ///
  /// - Parameter allowsUnfinishedMigration: Whether the store may be the unfinished target of a migration. Only the migration
  ///   itself may work on such a store.
  /// - Throws: What the plugins throw. `StoreError` with `inaccessible` when the store is encrypted and the config does not
  ///   say how, or when it is the target of a migration that has not ended. Nothing stays open then.
  public func open(
    _ registry: PluginRegistry, in context: PluginContext, allowsUnfinishedMigration: Bool = false
  ) async throws -> any KeyValueStore {
    // First: a key file that cannot be read is no reason to make a folder.
    let decorator = try await decorator(registry, context)
    let chosen = try await chosen(from: registry)
    if let reason = chosen.reason {
      context.warn("storage.type is auto: \(chosen.settings.engine.identifier.name), because \(reason)")
    }
    let store = try await registry.make((any KeyValueStore).self, from: chosen.settings.engine, in: context)
    do {
      let opened = try await decorator?.decorate(store) ?? store
      try await requireUsable(opened, allowsUnfinishedMigration)
      return opened
    } catch {
      let reason = error
      do {
        try await store.close()
      } catch {
        context.warn("closing the store in \(place) failed as well: \(error)")
      }
      throw reason
    }
  }

  /// What is in `store`, which holds what this store's engine holds, as this store shows it: decrypted where it is encrypted.
  ///
  /// - Throws: As `open` does. `store` stays open then.
  public func showing(
    _ store: any KeyValueStore, _ registry: PluginRegistry, in context: PluginContext
  ) async throws -> any KeyValueStore {
    let shown = try await decorator(registry, context)?.decorate(store) ?? store
    try await requireUsable(shown, false)
    return shown
  }

  private func decorator(_ registry: PluginRegistry, _ context: PluginContext) async throws -> StoreDecorator? {
    guard let encryption else { return nil }
    return try await registry.make(StoreDecorator.self, from: encryption, in: context)
  }

  private func requireUsable(_ store: any KeyValueStore, _ allowsUnfinishedMigration: Bool) async throws {
    if encryption == nil, try await store.get(ReservedKeys.encryption) != nil {
      throw StoreError(
        .inaccessible,
        "the store in \(place) is encrypted, and the config does not say how; add to its section: "
          + "storage: { encryption: { keyFile: FILE } }")
    }
    if !allowsUnfinishedMigration, try await store.get(ReservedKeys.migration) != nil {
      throw StoreError(
        .inaccessible,
        "the store in \(place) is the target of a migration that has not ended; run the same "
          + "`tombolo storage migrate` again to its end")
    }
  }

  private var place: String { path ?? "\(engine.identifier)" }
}
