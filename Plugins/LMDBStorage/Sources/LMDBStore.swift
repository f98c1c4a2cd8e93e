import CLMDB
public import TomboloPorts
import TomboloStorage

/// A `KeyValueStore` in an LMDB database, kept in a folder of its own.
///
///     let store = try await LMDBStore(path: "./tombolo-data")
///     var batch = Batch()
///     batch.put(Key("greeting"), Array("hello".utf8))
///     _ = try await store.commit([batch])
///     try await store.close()
///
/// The folder holds `tombolo.lmdb`, LMDB's table of readers beside it while the store is open (`-lock`), `tombolo.reserve`
/// (1 MiB kept so that deletes go on when the disk is full), `tombolo.engine` (the name of the engine) and `tombolo.lock`, whose
/// lock the kernel releases when the process ends in whatever way. All of it is readable by its owner alone. The folder must be on a local disk.
///
/// Writing and reading have a thread each: a reader sees the last commit and never waits for the one being written, but for the
/// moment in which the map is made larger. A value is copied once, from the map into its record. At the limit, `full` refuses
/// what takes room, while batches that delete and put no more than 4 KiB still go through.
///
/// With `isShared` several processes of one machine work on the folder, each with a map that grows as any of them makes it. The
/// first one looks for damage, makes the database and gives room back; those that join it while it is open do not, and the last
/// one to close tidies up. A process that is killed leaves nothing locked.
///
/// While it is open the file is kept up to 1 MiB longer than what is in use, which makes commits that add quicker; closing cuts that
/// off, unless the store is shared. Freed pages are used again at once; the file itself becomes smaller when the store is closed or
/// opened and more than half of it is free. A single commit should stay well below the memory of the machine, because LMDB holds its pages there.
///
/// A database is read whole when it is opened, a few seconds for each GiB in use, and damage anywhere in it is refused as
/// `damaged`, naming the page (see `LMDBInspection`). Every value read later is checked against a checksum of its key and value.
/// What cannot be met is damage to the structure of pages that arises while the store is open, in memory or by another program
/// that writes into the file or makes it shorter: LMDB reads it through a map and trusts it, and the process can end.
public final class LMDBStore: KeyValueStore {
  public let capabilities: StoreCapabilities

  /// What the writer goes by.
  struct Configuration: Sendable {
    var durability: StoreDurability
    var mapByteCount: Int
    var byteCountMaximum: Int
    var isShared: Bool
  }

  let writer: LMDBWriter
  private let reader: LMDBReader

  /// Opens the database in the folder `path`, and makes both when they are not there.
  ///
  /// - Parameters:
  ///   - path: The folder. Missing folders above it are made too.
  ///   - durability: What a commit has reached when it returns. With `normal`, LMDB still flushes once a commit.
  ///   - mapByteCount: How much address space to begin with; doubled whenever a commit does not fit. It takes no memory.
  ///   - byteCountMaximum: The most bytes the database may have.
  ///   - isShared: Whether other processes of this machine may have it open at the same time, all of them with this set. One
  ///     process still opens it once: LMDB's locks belong to the process.
  /// - Throws: `StoreError` with `inUse` when this or another process has it open, naming the process; `inaccessible` when
  ///   the folder or a file cannot be read, written or made; `damaged` when what is there is damaged, belongs to another
  ///   program or was written by a newer one; `full` when the disk is.
  public init(
    path: String, durability: StoreDurability = .full, mapByteCount: Int = 64 << 20, byteCountMaximum: Int = 64 << 30,
    isShared: Bool = false
  ) async throws {
    capabilities = StoreCapabilities(
      isDurable: true, isShareable: isShared, durability: durability, heedsBatchDurability: durability != .none)
    let location = LMDBLocation(folder: path)
    let configuration = Configuration(
      durability: durability, mapByteCount: mapByteCount, byteCountMaximum: byteCountMaximum, isShared: isShared)
    do {
      writer = LMDBWriter(
        location: location, configuration: configuration,
        executor: try SerialThreadExecutor(name: "lmdb-write", mayRunInPlace: !isShared))
      reader = LMDBReader(location: location, executor: try SerialThreadExecutor(name: "lmdb-read"))
    } catch let error as SerialThreadError {
      throw StoreError(.engine, "the store at \(path) needs two threads of its own", cause: error)
    }
    let environment = try await writer.open()
    do {
      try await adopting { try await reader.open(environment) }
    } catch {
      await writer.abandon()
      throw error
    }
  }

  public func get(_ keys: [Key]) async throws -> [Record?] {
    try await adopting { try await reader.executor.run(on: reader) { try $0.get(keys) } }
  }

  public func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await adopting {
      try await reader.executor.run(on: reader) { try $0.scan(range, reverse: reverse, limit: limit) }
    }
  }

  /// Reads again with the map as large as another process has made it. That is for the writer to see to: the map must not move
  /// under a commit.
  private func adopting<Value: Sendable>(_ read: () async throws -> Value) async throws -> Value {
    while true {
      do {
        return try await read()
      } catch let error as StoreError where (error.cause as? LMDBFailure)?.result == MDB_MAP_RESIZED {
        try await writer.adoptMap()
      }
    }
  }

  public func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    try await writer.executor.run(on: writer) { [capabilities] in try $0.commit(batches, within: capabilities) }
  }

  public func close() async throws {
    await reader.close()
    try await writer.close()
  }
}
