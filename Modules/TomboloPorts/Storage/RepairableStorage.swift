/// A storage plugin that can save what is intact in a store too damaged to be opened.
///
/// Engines without it are repaired from a backup, or with the tools of what they are built on. Both functions take the
/// options with which the damaged store would be opened, and leave that store as it is.
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

  /// Calls `visit` with every record that is intact, in the order of the keys and with its own revision.
  ///
  /// Also good for looking at a store that is not damaged. What `visit` throws ends it and is thrown.
  static func salvage(
    _ options: PluginOptions, in context: PluginContext, visit: @escaping @Sendable (Record) async throws -> Void
  ) async throws -> RepairReport
}

/// What was saved of a damaged store, and what was not.
public struct RepairReport: Hashable, Sendable {
  /// A part of a file that could not be used.
  public struct Loss: Hashable, Sendable {
    public var path: String
    /// In bytes; 0 for a file that is missing.
    public var offset: Int
    /// 0 for a file that is missing.
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
