import CSQLite
import CSQLiteStorage
import TomboloPorts

/// One connection to a database. Used by one thread at a time; `SQLiteWriter` and `SQLiteReader` own one each.
final class SQLiteConnection {
  /// The file, for messages.
  let path: String
  private var handle: OpaquePointer?
  /// Written by the hook of `countJournalPages`.
  private let journalPages: UnsafeMutablePointer<Int32>

  /// Opens the file, which must exist.
  ///
  /// - Parameter mayGatherWrites: whether `gatheringWrites` is to have an effect.
  init(path: String, isReadOnly: Bool = false, mayGatherWrites: Bool = false, busyTimeout: Duration) throws {
    self.path = path
    // Safety: freed by `deinit` alone, after the connection, which is the only other holder of its address.
    journalPages = .allocate(capacity: 1)
    journalPages.initialize(to: 0)
    // SQLite's own lock around every call is not needed: the owner's executor makes the calls one at a time.
    let access = isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
    // Where there is none, each page is written by itself.
    let layer = mayGatherWrites ? tombolo_sqlite_gathering_layer() : nil
    let result = sqlite3_open_v2(path, &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, layer)
    guard result == SQLITE_OK else {
      let error = failure(result, while: "opening it")
      sqlite3_close_v2(handle)
      handle = nil
      throw error
    }
    setBusyTimeout(busyTimeout)
  }

  deinit {
    // A connection that lives on until its last statement is finalized must not call the hook.
    if handle != nil { sqlite3_wal_hook(handle, nil, nil) }
    // The second form waits for statements that are not yet finalized, in whatever order they go.
    sqlite3_close_v2(handle)
    journalPages.deallocate()
  }

  /// How long a call waits for a lock.
  func setBusyTimeout(_ timeout: Duration) {
    sqlite3_busy_timeout(handle, Int32(clamping: timeout.wholeMilliseconds))
  }

  /// Pages in the journal after the last commit of this connection, moved ones included until it begins anew.
  var journalPageCount: Int { Int(journalPages.pointee) }

  /// Keeps `journalPageCount` from now on. It takes the place of SQLite's own checkpoints after commits.
  func countJournalPages() {
    // Safety: called within a commit of this connection, on the one thread that uses it, while `self` is alive.
    sqlite3_wal_hook(
      handle,
      { context, _, _, pageCount in
        context?.assumingMemoryBound(to: Int32.self).pointee = pageCount
        return SQLITE_OK
      }, journalPages)
  }

  /// Runs COMMIT, the pages of whose transaction go to the journal together.
  func gatheringWrites<Value>(_ commit: () throws -> Value) rethrows -> Value {
    tombolo_sqlite_gather(handle, 1)
    defer { tombolo_sqlite_gather(handle, 0) }
    return try commit()
  }

  /// Moves pages from the journal into the database. Answers whether all of them are there; readers may prevent it.
  func checkpoint(_ mode: Int32) throws -> Bool {
    var (pageCount, movedCount): (Int32, Int32) = (0, 0)
    let result = sqlite3_wal_checkpoint_v2(handle, nil, mode, &pageCount, &movedCount)
    if result & 0xFF == SQLITE_BUSY { return false }
    guard result == SQLITE_OK else { throw failure(result, while: "moving the journal into the database") }
    return pageCount == movedCount
  }

  /// Gives up the connection. Statements made from it must be gone.
  func close() throws {
    let result = sqlite3_close(handle)
    guard result == SQLITE_OK else { throw failure(result, while: "closing it") }
    handle = nil
  }

  /// Whether a transaction is open.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Runs statements that give no rows, or whose rows do not matter.
  func execute(_ sql: String) throws {
    let result = sqlite3_exec(handle, sql, nil, nil, nil)
    guard result == SQLITE_OK else { throw failure(result, while: "running `\(sql)`") }
  }

  /// A statement that is used again and again.
  func prepare(_ sql: String) throws -> SQLiteStatement {
    var statement: OpaquePointer?
    let result = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard result == SQLITE_OK, let statement else { throw failure(result, while: "preparing `\(sql)`") }
    return SQLiteStatement(statement, connection: self)
  }

  /// The number in the first column of the first row.
  func number(_ sql: String) throws -> Int64? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.integer(at: 0) : nil
  }

  /// How long the database's pages are.
  var pageByteCount: Int {
    // At least what SQLite allows, because others divide by it.
    get throws { max(512, Int(try number("PRAGMA page_size") ?? Int64(SQLiteSchema.pageByteCount))) }
  }

  /// The text in the first column of the first row.
  func text(_ sql: String) throws -> String? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.text(at: 0) : nil
  }

  /// What SQLite's last failure on this connection means.
  func failure(_ result: Int32, while action: String) -> StoreError {
    lastFailure(result).storeError(path: path, while: action)
  }

  /// What it means that COMMIT failed.
  func failureOfCommit(_ result: Int32) -> StoreError {
    lastFailure(result).storeErrorOfCommit(path: path)
  }

  private func lastFailure(_ result: Int32) -> SQLiteFailure {
    SQLiteFailure(
      result: result, systemError: sqlite3_system_errno(handle),
      text: String(cString: handle.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(result)))
  }
}
