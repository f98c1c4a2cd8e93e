import CSQLite

/// One table with a row for each payload, through SQLite's C interface: write-ahead log, `synchronous=FULL`, prepared statements.
final class SQLiteFloor: Floor {
  private let database: OpaquePointer
  private let payload: [UInt8]
  private let insert: OpaquePointer
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
      "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
      "CREATE TABLE operations (id INTEGER PRIMARY KEY, payload BLOB NOT NULL)",
    ] { try Self.run(text, in: opened) }
    insert = try Self.prepare("INSERT INTO operations (payload) VALUES (?1)", in: opened)
    select = try Self.prepare("SELECT id, payload FROM operations ORDER BY id LIMIT ?1", in: opened)
    delete = try Self.prepare("DELETE FROM operations WHERE id = ?1", in: opened)
  }

  deinit {
    for statement in [insert, select, delete] { sqlite3_finalize(statement) }
    sqlite3_close(database)
  }

  func add(_ count: Int) throws {
    try Self.run("BEGIN IMMEDIATE", in: database)
    for _ in 0..<count {
      try payload.withUnsafeBytes { bytes in
        sqlite3_bind_blob64(insert, 1, bytes.baseAddress, UInt64(bytes.count), nil)
        try finish(insert)
      }
    }
    try Self.run("COMMIT", in: database)
  }

  func take(_ count: Int) throws -> Int {
    try Self.run("BEGIN IMMEDIATE", in: database)
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
    for id in ids {
      sqlite3_bind_int64(delete, 1, id)
      try finish(delete)
    }
    try Self.run("COMMIT", in: database)
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
