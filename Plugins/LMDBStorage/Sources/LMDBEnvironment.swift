import CLMDB
import Synchronization
import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An open database: the file, its map into memory, and the gate between reading and growing the map.
///
/// The map has a size that no commit can exceed. It starts small and is doubled when a commit does not fit; LMDB allows that
/// only while no transaction is open in the process. The writer has none then, and the one reader holds `isMapped` while it has one.
///
/// Safety: `@unchecked Sendable` because LMDB's handle may be used by any thread, `mapByteCount` and `room` are touched only by the writer,
/// and the map is changed only with `isMapped` locked, which every reader holds while it uses the map.
final class LMDBEnvironment: @unchecked Sendable {
  let path: String
  let handle: OpaquePointer
  /// The one table.
  let records: MDB_dbi
  /// The size of a page.
  let pageByteCount: Int
  /// Locked by whoever reads from the map, and while the map is moved. False once LMDB has lost its map: it gives up the old one
  /// before it asks the system for the new, and without one any use of it ends the process.
  private let isMapped = Mutex(true)
  /// The most the map may grow to by itself.
  let mapByteCountMaximum: Int
  private var mapByteCount: Int
  private var room: LMDBRoom
  // Released after the environment is closed: LMDB must not have a file open twice in one process.
  let folder: StoreFolder

  /// Opens the database at `path`, and makes an empty one where there is none.
  init(
    path: String, folder: StoreFolder, durability: StoreDurability, mapByteCount: Int, mapByteCountMaximum: Int
  ) throws {
    self.path = path
    self.folder = folder
    self.mapByteCountMaximum = mapByteCountMaximum
    var created: OpaquePointer?
    try LMDBFailure.require(mdb_env_create(&created), "preparing to open it")
    guard let created else { throw LMDBFailure(result: ENOMEM, action: "preparing to open it") }
    do {
      self.mapByteCount = Self.roundedUp(min(mapByteCount, mapByteCountMaximum))
      try LMDBFailure.require(mdb_env_set_mapsize(created, self.mapByteCount), "sizing the map")
      let flags = MDB_NOSUBDIR | MDB_NOTLS | durability.environmentFlags
      try LMDBFailure.require(mdb_env_open(created, path, UInt32(flags), 0o600), "opening it")
      var dead: Int32 = 0
      try LMDBFailure.require(mdb_reader_check(created, &dead), "clearing readers that are gone")
      records = try Self.openTable(created)
      room = try LMDBRoom(of: created)
    } catch {
      mdb_env_close(created)
      throw error
    }
    handle = created
    var statistics = MDB_stat()
    mdb_env_stat(created, &statistics)
    pageByteCount = Int(statistics.ms_psize)
    // LMDB takes a larger map when the database needs it.
    self.mapByteCount = max(self.mapByteCount, information.me_mapsize)
  }

  deinit { mdb_env_close(handle) }

  private static func openTable(_ handle: OpaquePointer) throws -> MDB_dbi {
    var transaction: OpaquePointer?
    var begun = mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &transaction)
    // Another process that has it open may have made the map larger since it was opened here.
    while begun == MDB_MAP_RESIZED {
      try LMDBFailure.require(mdb_env_set_mapsize(handle, 0), "sizing the map")
      begun = mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &transaction)
    }
    try LMDBFailure.require(begun, "looking for its table")
    var table: MDB_dbi = 0
    let result = mdb_dbi_open(transaction, nil, 0, &table)
    guard result == MDB_SUCCESS else {
      mdb_txn_abort(transaction)
      throw LMDBFailure(result: result, action: "looking for its table")
    }
    // Only a committed transaction leaves the handle of the table open.
    try LMDBFailure.require(mdb_txn_commit(transaction), "looking for its table")
    return table
  }

  /// Runs `body` while the map stays where it is.
  func withMap<Value>(_ body: () throws -> Value) throws -> Value {
    try isMapped.withLock { isMapped in
      guard isMapped else {
        throw LMDBFailure(
          result: ENOMEM, action: "working without its map, which the system refused to enlarge: open it again")
      }
      return try body()
    }
  }

  /// Throws when there is no map to work on. For the writer, which alone moves it.
  private func requireMap() throws {
    try withMap {}
  }

  /// Only while there is a map.
  var information: MDB_envinfo {
    var information = MDB_envinfo()
    mdb_env_info(handle, &information)
    return information
  }

  /// Runs `body` with a transaction that reads. For the writer and for opening; the reader keeps one of its own.
  func withSnapshot<Value>(_ body: (OpaquePointer) throws -> Value) throws -> Value {
    let transaction = try begin(UInt32(MDB_RDONLY), "beginning to read")
    defer { mdb_txn_abort(transaction) }
    return try body(transaction)
  }

  /// Begins a transaction that writes.
  ///
  /// - Parameters:
  ///   - durability: What its commit has to reach, where that is not what the environment was opened with.
  ///   - extendsRoom: Whether the file may be made longer than the commit needs.
  func beginWriting(_ durability: StoreDurability? = nil, extendsRoom: Bool = false) throws -> OpaquePointer {
    try requireMap()
    if let durability { try reach(durability) }
    let transaction = try begin(0, "beginning a commit")
    if extendsRoom { room.extend(behind: usedByteCount, upTo: min(mapByteCount, mapByteCountMaximum)) }
    return transaction
  }

  /// Up to the last page in use, as of the last commit.
  private var usedByteCount: Int { (Int(information.me_last_pgno) + 1) * pageByteCount }

  /// Makes the file as long as what is in use. Only while nobody else has it open, and without a transaction.
  func giveBackRoom() throws {
    try requireMap()
    room.giveBack(behind: usedByteCount)
  }

  /// Begins a transaction, with a map as large as another process has made it.
  private func begin(_ flags: UInt32, _ action: String) throws -> OpaquePointer {
    try requireMap()
    while true {
      var transaction: OpaquePointer?
      let result = mdb_txn_begin(handle, nil, flags, &transaction)
      guard result != MDB_MAP_RESIZED else {
        try setMap(0)
        continue
      }
      try LMDBFailure.require(result, action)
      guard let transaction else { throw LMDBFailure(result: ENOMEM, action: action) }
      return transaction
    }
  }

  /// Has the next commit flush its meta page, or not. For the writer.
  private func reach(_ durability: StoreDurability) throws {
    guard durability != .none else { return }
    let flushesLess = durability == .normal
    try LMDBFailure.require(
      mdb_env_set_flags(handle, UInt32(MDB_NOMETASYNC), flushesLess ? 1 : 0), "choosing how durable a commit is")
  }

  /// Whether a commit returns before its meta page is on the disk.
  var flushesLess: Bool {
    var flags: UInt32 = 0
    return mdb_env_get_flags(handle, &flags) == MDB_SUCCESS && flags & UInt32(MDB_NOMETASYNC) != 0
  }

  /// Takes over the size that another process has given the map. Call without a transaction.
  func adoptMap() throws { try setMap(0) }

  /// Makes the map larger. Answers whether it did: at the maximum it does not. Call without a transaction.
  func grow() throws -> Bool {
    // Another process that was killed while it read would keep pages from being used again.
    var dead: Int32 = 0
    try LMDBFailure.require(mdb_reader_check(handle, &dead), "clearing readers that are gone")
    guard mapByteCount < mapByteCountMaximum else { return false }
    let doubled = min(Self.roundedUp(mapByteCount * 2), Self.roundedUp(mapByteCountMaximum))
    guard doubled > mapByteCount, Self.isMappable(doubled) else { return false }
    try setMap(doubled)
    return true
  }

  /// Runs `body` again with a larger map for as long as it finds the map full, the last time beyond its maximum by `byteCount`.
  func growing<Value>(beyondMaximumBy byteCount: Int, _ body: () throws -> Value) throws -> Value {
    while true {
      do {
        return try body()
      } catch let failure as LMDBFailure where failure.result == MDB_MAP_FULL {
        guard try grow() else { return try withLargerMap(by: byteCount, body) }
      }
    }
  }

  /// Runs `body` with a map that is `byteCount` larger than it may be otherwise.
  func withLargerMap<Value>(by byteCount: Int, _ body: () throws -> Value) throws -> Value {
    let larger = Self.roundedUp(mapByteCount + byteCount)
    guard Self.isMappable(larger) else { return try body() }
    return try withMap(larger, body)
  }

  /// Runs `body` with a map that ends with the last page in use: what it puts must do with pages that are free.
  func withoutGrowth<Value>(_ body: () throws -> Value) throws -> Value {
    // LMDB never makes the map smaller than what is in use.
    try withMap(1, body)
  }

  private func withMap<Value>(_ byteCount: Int, _ body: () throws -> Value) throws -> Value {
    let before = mapByteCount
    try setMap(byteCount)
    let result = Result { try body() }
    // LMDB keeps what is in use by now, so this never cuts anything off. What was done stays done when it fails: the next
    // call is the one to be told.
    do {
      try setMap(before)
    } catch {
      if case .failure = result { throw error }
    }
    return try result.get()
  }

  private func setMap(_ byteCount: Int) throws {
    try isMapped.withLock { isMapped in
      guard isMapped else { throw LMDBFailure(result: ENOMEM, action: "growing the map") }
      let result = mdb_env_set_mapsize(handle, byteCount)
      isMapped = result == MDB_SUCCESS || result == EINVAL
      try LMDBFailure.require(result, "growing the map")
      mapByteCount = max(byteCount, information.me_mapsize)
    }
  }

  /// Whether the process may have that much address space. LMDB has given up its old map by the time it finds out.
  private static func isMappable(_ byteCount: Int) -> Bool {
    guard let map = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      map != MAP_FAILED
    else { return false }
    munmap(map, byteCount)
    return true
  }

  /// In whole mebibytes, which are whole pages on every machine.
  private static func roundedUp(_ byteCount: Int) -> Int {
    (byteCount + 0xF_FFFF) & ~0xF_FFFF
  }
}
