import CSQLite

/// One table with a row for each payload, through SQLite's C interface: write-ahead log, `synchronous=FULL`, prepared statements, of which
/// one puts several rows, and one deletes all that were read. A lone payload needs no transaction around it. Pages have the size that
/// the plugin's have; SQLite moves them from the log when it has 1,000, as it does by itself, which is half as often as the plugin.
final class SQLiteFloor: Floor {
  /// As `SQLiteRecords` of the plugin has it.
  private static let rowCount = 16

  private let database: OpaquePointer
  private let payload: [UInt8]
  private let begin: OpaquePointer
  private let end: OpaquePointer
  private let insert: OpaquePointer
  private let insertRows: OpaquePointer
  private let select: OpaquePointer
  private let delete: OpaquePointer

  init(path: String, payload: [UInt8]) throws {
    self.payload = payload
    var opened: OpaquePointer?
    guard
      sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
        == SQLITE_OK,
      let opened
    else { throw BenchmarkError("\(path) cannot be opened") }
    database = opened
    for text in [
      "PRAGMA page_size=8192", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA temp_store=MEMORY",
      "CREATE TABLE operations (id INTEGER PRIMARY KEY, payload BLOB NOT NULL)",
    ] { try Self.run(text, in: opened) }
    begin = try Self.prepare("BEGIN IMMEDIATE", in: opened)
    end = try Self.prepare("COMMIT", in: opened)
    insert = try Self.prepare("INSERT INTO operations (payload) VALUES (?1)", in: opened)
    let rows = Array(repeating: "(?)", count: Self.rowCount).joined(separator: ", ")
    insertRows = try Self.prepare("INSERT INTO operations (payload) VALUES \(rows)", in: opened)
    select = try Self.prepare("SELECT id, payload FROM operations ORDER BY id LIMIT ?1", in: opened)
    delete = try Self.prepare("DELETE FROM operations WHERE id BETWEEN ?1 AND ?2", in: opened)
  }

  deinit {
    for statement in [begin, end, insert, insertRows, select, delete] { sqlite3_finalize(statement) }
    sqlite3_close(database)
  }

  func add(_ count: Int) throws {
    if count > 1 { try finish(begin) }
    var rest = count
    while rest > 0 {
      let (statement, rowCount) = rest < Self.rowCount ? (insert, 1) : (insertRows, Self.rowCount)
      try payload.withUnsafeBytes { bytes in
        for row in 1...Int32(rowCount) {
          sqlite3_bind_blob64(statement, row, bytes.baseAddress, UInt64(bytes.count), nil)
        }
        try finish(statement)
      }
      rest -= rowCount
    }
    if count > 1 { try finish(end) }
  }

  func take(_ count: Int) throws -> Int {
    try finish(begin)
    var (ids, byteCount) = ([Int64](), 0)
    sqlite3_bind_int64(select, 1, Int64(count))
    while sqlite3_step(select) == SQLITE_ROW {
      ids.append(sqlite3_column_int64(select, 0))
      let bytes = UnsafeRawBufferPointer(
        start: sqlite3_column_blob(select, 1), count: Int(sqlite3_column_bytes(select, 1)))
      byteCount += Array(bytes).count
    }
    sqlite3_reset(select)
    guard byteCount == ids.count * payload.count else { throw BenchmarkError("a payload was cut off") }
    if let first = ids.first, let last = ids.last {
      sqlite3_bind_int64(delete, 1, first)
      sqlite3_bind_int64(delete, 2, last)
      try finish(delete)
    }
    try finish(end)
    return ids.count
  }

  private func finish(_ statement: OpaquePointer) throws {
    let result = sqlite3_step(statement)
    sqlite3_reset(statement)
    guard result == SQLITE_DONE else { throw BenchmarkError(String(cString: sqlite3_errmsg(database))) }
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
