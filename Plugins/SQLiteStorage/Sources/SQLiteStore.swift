public import TomboloPorts
import TomboloStorage

/// A `KeyValueStore` in an SQLite database, kept in a folder of its own.
///
///     let store = try await SQLiteStore(path: "./tombolo-data")
///     var batch = Batch()
///     batch.put(Key("greeting"), Array("hello".utf8))
///     _ = try await store.commit([batch])
///     try await store.close()
///
/// The folder holds `tombolo.sqlite`, SQLite's own files beside it (`-wal`, `-shm`) and `tombolo.lock`, whose lock the
/// kernel releases when the process ends in whatever way. All of it is readable by its owner alone.
///
/// Writing and reading have a connection and a thread each: a reader sees the last commit and never waits for the one being
/// written. While the store is open, a person may look into the database with the `sqlite3` program.
///
/// The journal (`-wal`) is moved into the database at 4 MiB and stays below about three times that, however much is written and
/// read at once; the room of deleted records is given back step by step.
///
/// **A full disk never prevents settling.** The folder keeps a reserve (`tombolo.reserve`, 8 MiB unless configured, at most an
/// eighth of the disk). When a commit that adds finds no room it fails with `full` and nothing of it is there. A commit whose
/// every batch is shrinking (`Batch.isShrinking`) then uses the reserve and succeeds; until the reserve is restored, which
/// happens by itself once settling has freed the room, commits that add are refused. Opening may use the reserve too.
///
/// Damage is looked for when the store is opened and met with `damaged` whenever SQLite comes across it later. Opening
/// checks the file's header, its schema and its version always; the structure of every page when the database is small, or
/// of moderate size and was not closed properly the last time; see `SQLiteInspection`. Once damage was met, every commit is refused
/// with `damaged`; what can still be read can be read, to be copied elsewhere. After a commit that failed with `outcomeUnknown`
/// reads and commits are refused until the store is closed and opened again.
public final class SQLiteStore: KeyValueStore {
  /// 8 MiB: room for the journal, and for as much of it again.
  public static let defaultReserveByteCount = 8 * 1_024 * 1_024

  public let capabilities: StoreCapabilities

  /// Before the writer, which has the lock: fields are let go of in this order, and nothing may be open any more without it.
  private let reader: SQLiteReader
  let writer: SQLiteWriter
  private let refusal: SQLiteRefusal

  /// Opens the database in the folder `path`, and makes both when they are not there.
  ///
  /// - Parameters:
  ///   - path: The folder. Missing folders above it are made too.
  ///   - durability: What a commit has reached when it returns.
  ///   - busyTimeout: How long to wait while another program, such as the `sqlite3` shell, holds the database.
  ///   - reserveByteCount: Room kept on the disk for settling; zero keeps none.
  ///   - isShared: Whether other processes may have it open at the same time, all of them with this set. Where that matters, use SQLite
  ///     3.51.3 or later: before, two processes of which one moves the journal at the very moment at which another begins it anew
  ///     could, very rarely, damage the database (https://www.sqlite.org/wal.html, the WAL-reset bug). A store that is not
  ///     shared is not concerned, because one connection does both.
  /// - Throws: `StoreError` with `inUse` when this or another process has it open, naming the process; `inaccessible` when
  ///   the folder or a file cannot be read, written or made; `damaged` when what is there is damaged, belongs to another
  ///   program or was written by a newer one; `full` when the disk is.
  public convenience init(
    path: String, durability: StoreDurability = .full, busyTimeout: Duration = .seconds(5),
    reserveByteCount: Int = defaultReserveByteCount, isShared: Bool = false
  ) async throws {
    try await self.init(
      path: path, durability: durability, timeouts: SQLiteTimeouts(busy: busyTimeout),
      reserveByteCount: reserveByteCount, isShared: isShared)
  }

  init(
    path: String, durability: StoreDurability = .full, timeouts: SQLiteTimeouts,
    reserveByteCount: Int = defaultReserveByteCount, isShared: Bool = false
  ) async throws {
    capabilities = StoreCapabilities(
      isDurable: true, isShareable: isShared, durability: durability, heedsBatchDurability: durability != .none)
    let location = SQLiteLocation(folder: path)
    refusal = SQLiteRefusal(path: location.database)
    do {
      writer = SQLiteWriter(
        location: location, durability: durability, timeouts: timeouts, reserveByteCount: reserveByteCount,
        isShared: isShared, executor: try SerialThreadExecutor(name: "sqlite-write", mayRunInPlace: !isShared))
      reader = SQLiteReader(
        location: location, busyTimeout: timeouts.busy,
        executor: try SerialThreadExecutor(name: "sqlite-read", mayRunInPlace: !isShared))
    } catch let error as SerialThreadError {
      throw StoreError(.engine, "the store at \(path) needs two threads of its own", cause: error)
    }
    try await writer.open()
    do {
      try await reader.open()
    } catch {
      await writer.abandon()
      throw error
    }
  }

  public func get(_ keys: [Key]) async throws -> [Record?] {
    try await refusal.reading { try await reader.executor.run(on: reader) { try $0.get(keys) } }
  }

  public func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await refusal.reading {
      try await reader.executor.run(on: reader) { try $0.scan(range, reverse: reverse, limit: limit) }
    }
  }

  public func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    try await refusal.writing {
      try await writer.executor.run(on: writer) { [capabilities] in try $0.commit(batches, within: capabilities) }
    }
  }

  public func close() async throws {
    await reader.close()
    try await writer.close()
  }
}
