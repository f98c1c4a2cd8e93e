public import TomboloPorts
import TomboloStorage

/// A `KeyValueStore` in plain files: an append-only journal in a folder of its own, and no database.
///
///     let store = try await FileStore(path: "./tombolo-data")
///     var batch = Batch()
///     batch.put(Key("greeting"), Array("hello".utf8))
///     _ = try await store.commit([batch])
///     try await store.close()
///
/// The folder holds `journal-000000000001` and so on, `acknowledged`, and the three files every embedded engine has,
/// `tombolo.lock`, `tombolo.engine` and `tombolo.reserve`. All of it is readable by its owner alone. Keys, places and short
/// values are kept in memory, about 200 bytes for a record with a short key; longer values are read from the files.
///
/// Every commit is one write and, with `full` durability, one flush. A reader sees the last commit that is as durable as
/// configured and never waits for the one being written.
///
/// **Room.** The journal grows with every change; once more than half of it is no longer needed, commits copy what is, a
/// bounded step each, and old files are removed.
///
/// **A full disk never prevents settling.** The folder keeps a reserve (8 MiB unless configured, at most an eighth of the file
/// system, and about a thirtieth of the data when that is more). When the disk is full, a commit whose every batch is shrinking
/// (`Batch.isShrinking`) uses the reserve and succeeds, in whatever order records go; until the reserve is restored, which happens
/// by itself once settling has freed the room, commits that add clean on their part and are refused with `full` otherwise. Opening
/// may use the reserve too. A value much larger than the reserve needs as much again of it.
///
/// **Damage.** What a crash left of an unfinished commit is cut off and told. Any other flaw, a missing file included, is
/// met with `damaged`, which names the file and the byte; `FileStoreRepair` saves what is intact.
public final class FileStore: KeyValueStore {
  public static let defaultReserveByteCount = 8 * 1_024 * 1_024

  public let capabilities: StoreCapabilities

  private let index: FileIndex
  private let writer: FileWriter
  private let reader: FileReader

  /// Opens the store in the folder `path`, and makes it when it is not there.
  ///
  /// - Parameters:
  ///   - path: The folder. Missing folders above it are made too.
  ///   - durability: What a commit has reached when it returns.
  ///   - reserveByteCount: Room kept on the disk for settling; zero keeps none, and then a full disk prevents it.
  ///   - warn: Told what is no failure but should be known, such as an unfinished commit that was cut off.
  /// - Throws: `StoreError` with `inUse` when this or another process has it open, naming the process; `inaccessible` when
  ///   the folder or a file cannot be read, written or made, or belongs to another engine; `damaged` when what is there is
  ///   damaged or was written by a newer program; `full` when the disk is.
  public convenience init(
    path: String, durability: StoreDurability = .full, reserveByteCount: Int = defaultReserveByteCount,
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws {
    try await self.init(
      path: path, durability: durability, options: FileStoreOptions(reserveByteCount: reserveByteCount),
      files: SystemFiles(), isLocking: true, warn: warn)
  }

  /// - Parameter isLocking: Whether the folder is one of the system's, to be held against other stores.
  init(
    path: String, durability: StoreDurability, options: FileStoreOptions, files: any FileSystem, isLocking: Bool,
    salt: UInt64 = .random(in: 1 ... .max), warn: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws {
    capabilities = StoreCapabilities(
      isDurable: true, isShareable: false, durability: durability, heedsBatchDurability: durability != .none)
    let folder = StoreFolder.withoutSlash(path)
    index = FileIndex(folder: folder)
    do {
      writer = FileWriter(index: index, executor: try SerialThreadExecutor(name: "file-write"))
      reader = FileReader(executor: try SerialThreadExecutor(name: "file-read"))
    } catch let error as SerialThreadError {
      throw StoreError(.engine, "the store at \(path) needs two threads of its own", cause: error)
    }
    try await writer.open(
      JournalOpening(
        location: JournalLocation(folder: folder), files: files, durability: durability, options: options, warn: warn,
        salt: salt), isLocking: isLocking)
  }

  public func get(_ keys: [Key]) async throws -> [Record?] {
    try Task.checkCancellation()
    let places = try index.places(of: keys)
    // What is in memory needs no thread that may wait for the disk.
    if places.allSatisfy({ $0?.entry.inline != nil || $0 == nil }) { return try places.map { try $0?.record() } }
    return try await reader.executor.run(on: reader) { try $0.records(at: places) }
  }

  public func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try Task.checkCancellation()
    let places = try index.places(in: range, reverse: reverse, limit: limit)
    if places.allSatisfy({ $0.entry.inline != nil }) { return try places.map { try $0.record() } }
    return try await reader.executor.run(on: reader) { try $0.records(at: places) }
  }

  public func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    try await writer.executor.run(on: writer) { [capabilities] in try $0.commit(batches, within: capabilities) }
  }

  public func close() async throws {
    do {
      try await writer.clean()
    } catch {
      try await writer.close()
      throw error
    }
    try await writer.close()
  }
}
