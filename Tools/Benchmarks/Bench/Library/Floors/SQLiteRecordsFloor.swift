import CSQLite
import TomboloPorts

/// One table whose key is the row's own, write-ahead log, `synchronous=FULL`, prepared statements. Pages of the log are moved when there are
/// as many as where the plugin moves them, not by SQLite within a commit.
final class SQLiteRecordsFloor: RecordsFloor {
  /// As `SQLiteJournal` of the plugin has it.
  private static let journalPageCountMaximum: Int32 = 1_000

  private let database: OpaquePointer
  private let begin: OpaquePointer
  private let end: OpaquePointer
  private let put: OpaquePointer
  private let get: OpaquePointer
  private let delete: OpaquePointer
  /// Written by SQLite's hook after each commit.
  private let journalPageCount: UnsafeMutablePointer<Int32>

  init(path: String) throws {
    var opened: OpaquePointer?
    guard
      sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
        == SQLITE_OK, let opened
    else { throw BenchmarkError("\(path) cannot be opened") }
    database = opened
    for text in [
      "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=0",
      "CREATE TABLE records (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    ] { try Self.run(text, in: opened) }
    begin = try Self.prepare("BEGIN IMMEDIATE", in: opened)
    end = try Self.prepare("COMMIT", in: opened)
    put = try Self.prepare(
      "INSERT INTO records VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", in: opened)
    get = try Self.prepare("SELECT value FROM records WHERE key BETWEEN ?1 AND ?2 ORDER BY key", in: opened)
    delete = try Self.prepare("DELETE FROM records WHERE key = ?1", in: opened)
    // Safety: freed by `deinit` alone, after the hook that has its address is gone.
    journalPageCount = .allocate(capacity: 1)
    journalPageCount.initialize(to: 0)
    sqlite3_wal_hook(
      opened,
      { context, _, _, pageCount in
        context?.assumingMemoryBound(to: Int32.self).pointee = pageCount
        return SQLITE_OK
      }, journalPageCount)
  }

  deinit {
    for statement in [begin, end, put, get, delete] { sqlite3_finalize(statement) }
    sqlite3_wal_hook(database, nil, nil)
    sqlite3_close(database)
    journalPageCount.deallocate()
  }

  func read(_ neighbours: [[UInt8]]) throws -> Int {
    guard let first = neighbours.first, let last = neighbours.last else { return 0 }
    return try Self.bind(first, 1, get) { get in
      try Self.bind(last, 2, get) { get in
        defer { sqlite3_reset(get) }
        var count = 0
        while sqlite3_step(get) == SQLITE_ROW {
          let bytes = UnsafeRawBufferPointer(
            start: sqlite3_column_blob(get, 0), count: Int(sqlite3_column_bytes(get, 0)))
          guard Array(bytes).count == bytes.count else { throw BenchmarkError("a value was cut off") }
          count += 1
        }
        return count
      }
    }
  }

  func commit(_ mutations: [Mutation]) throws {
    try finish(begin)
    for mutation in mutations {
      switch mutation {
      case .put(let key, let value):
        try Self.bind(key.bytes, 1, put) { put in
          try Self.bind(value, 2, put) { try finish($0) }
        }
      case .delete(let key): try Self.bind(key.bytes, 1, delete) { try finish($0) }
      }
    }
    try finish(end)
    guard journalPageCount.pointee >= Self.journalPageCountMaximum else { return }
    guard sqlite3_wal_checkpoint_v2(database, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil) == SQLITE_OK else {
      throw BenchmarkError(String(cString: sqlite3_errmsg(database)))
    }
  }

  private func finish(_ statement: OpaquePointer) throws {
    let result = sqlite3_step(statement)
    sqlite3_reset(statement)
    guard result == SQLITE_DONE else { throw BenchmarkError(String(cString: sqlite3_errmsg(database))) }
  }

  private static func bind<Value>(
    _ bytes: [UInt8], _ index: Int32, _ statement: OpaquePointer, _ body: (OpaquePointer) throws -> Value
  ) throws -> Value {
    try bytes.withUnsafeBytes { buffer in
      if buffer.isEmpty {
        sqlite3_bind_zeroblob(statement, index, 0)
      } else {
        sqlite3_bind_blob64(statement, index, buffer.baseAddress, UInt64(buffer.count), nil)
      }
      return try body(statement)
    }
  }

  private static func run(_ text: String, in database: OpaquePointer) throws {
    guard sqlite3_exec(database, text, nil, nil, nil) == SQLITE_OK else {
      throw BenchmarkError("\(text): \(String(cString: sqlite3_errmsg(database)))")
    }
  }

  private static func prepare(_ text: String, in database: OpaquePointer) throws -> OpaquePointer {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(database, text, -1, &statement, nil) == SQLITE_OK, let statement else {
      throw BenchmarkError("\(text): \(String(cString: sqlite3_errmsg(database)))")
    }
    return statement
  }
}
