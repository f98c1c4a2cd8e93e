/// A storage plugin that can save what is intact in a store too damaged to be opened, and show what its files hold.
///
/// Engines without it are repaired from a backup, or with the tools of what they are built on. Every function takes the
/// options with which the damaged store would be opened, and leaves that store as it is. The first two hold the store against others
/// as long as they work on it. A folder that cannot be written is read all the same: without a lock when there is none to take,
/// and `context.warn` is told so.
///
/// Throwing: `StoreError` with `inUse` when the damaged store is open, `inaccessible` when there is no store, a file cannot be
/// read, or `folder` is in use already.
public protocol RepairableStorage: StoragePlugin {
  /// Saves what is intact into a new store of this engine in `folder`, which must not be there yet or be empty.
  ///
  /// `folder` appears only when everything is in it, durably: a repair that failed or was killed leaves none, or an empty one.
  /// Records get new revisions.
  static func repair(
    _ options: PluginOptions, into folder: String, in context: PluginContext
  ) async throws -> RepairReport

  /// What is intact, as a store to read from, with the revisions it had.
  ///
  /// Also good for looking at a store that is not damaged, or cannot be written.
  static func salvage(_ options: PluginOptions, in context: PluginContext) async throws -> SalvagedStore

  /// Calls `line` with JSON objects, one a call and without a line end, that show all the store's files hold, in the order it
  /// was written, and what cannot be read of them.
  ///
  /// The store may be open elsewhere; its newest commits may then be missing. What `line` throws ends it and is thrown.
  static func inspect(
    _ options: PluginOptions, in context: PluginContext, line: @escaping @Sendable (String) throws -> Void
  ) async throws
}

/// What is intact of a store that was not opened for writing.
public struct SalvagedStore: Sendable {
  /// Holds the intact records; every commit into it throws `inaccessible`. Closing it gives up its hold on the files.
  public var store: any KeyValueStore
  /// In the order of files and places; empty when everything was intact.
  public var losses: [RepairReport.Loss]

  public init(store: any KeyValueStore, losses: [RepairReport.Loss]) {
    self.store = store
    self.losses = losses
  }
}

/// What was saved of a damaged store, and what was not.
public struct RepairReport: Hashable, Sendable {
  /// A part of a file that could not be used.
  public struct Loss: Hashable, Sendable {
    public var path: String
    /// In bytes; 0 for a file that is missing or cannot be opened.
    public var offset: Int
    /// 0 for a file that is missing or cannot be opened.
    public var byteCount: Int
    public var reason: String
    /// The records this part was about, as far as their keys can still be read; empty when they cannot.
    public var keys: [Key]

    public init(path: String, offset: Int, byteCount: Int, reason: String, keys: [Key] = []) {
      self.path = path
      self.offset = offset
      self.byteCount = byteCount
      self.reason = reason
      self.keys = keys
    }
  }

  /// How many records were intact.
  public var recordCount: Int
  /// In the order of files and places; empty when everything was intact. A lost part may have held puts, whose records are missing or
  /// older than they were, and deletes, whose records are there again.
  public var losses: [Loss]

  public init(recordCount: Int = 0, losses: [Loss] = []) {
    self.recordCount = recordCount
    self.losses = losses
  }
}
