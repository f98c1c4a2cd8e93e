public import TomboloPorts

/// A place of its own for a store under trial: a fresh folder, a fresh table, nothing at all for a store in memory.
///
///     StoreFixture {
///       try await MyStore(path: folder)
///     } dispose: {
///       try FileManager.default.removeItem(atPath: folder)
///     }
public struct StoreFixture: Sendable {
  /// Opens the store of this place. The first time it is empty; afterwards, a durable store holds what was committed. It is
  /// also called while the store is open, to see that it is refused.
  public var open: @Sendable () async throws -> any KeyValueStore
  /// Opens what would be there if the process had died at this moment, while the store that is open is still open: a copy
  /// of its files in another folder does. Later calls of `open` must open this copy again. The store that was open is
  /// closed right afterwards. `nil` when the fixture cannot do that.
  public var openAfterCrash: (@Sendable () async throws -> any KeyValueStore)?
  /// Removes the place. Called once, after the store was closed.
  public var dispose: @Sendable () async throws -> Void

  public init(
    open: @escaping @Sendable () async throws -> any KeyValueStore,
    openAfterCrash: (@Sendable () async throws -> any KeyValueStore)? = nil,
    dispose: @escaping @Sendable () async throws -> Void = {}
  ) {
    self.open = open
    self.openAfterCrash = openAfterCrash
    self.dispose = dispose
  }
}
