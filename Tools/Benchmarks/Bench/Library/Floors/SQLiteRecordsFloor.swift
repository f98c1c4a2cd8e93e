import CSQLite
import CSQLiteStorage
import TomboloPorts

/// The plugin's table, write-ahead log, `synchronous=FULL`, prepared statements, of which one puts as many rows as
/// the plugin's, and one deletes neighbours without a look at what there is. The pages of a commit are written to the log together, and moved
/// when there are as many as where the plugin moves them, not by SQLite within a commit.
final class SQLiteRecordsFloor: RecordsFloor {
  /// As `SQLiteJournal` of the plugin has it.
  private static let journalPageCountMaximum: Int32 = 512
  /// As `SQLiteRecords` of the plugin has it.
  private static let rowCount = 16

  private let database: OpaquePointer
  private let begin: OpaquePointer
  private let end: OpaquePointer
  private let put: OpaquePointer
  private let putRows: OpaquePointer
  private let get: OpaquePointer
  private let delete: OpaquePointer
  private let deleteRange: OpaquePointer
  /// Of the commits.
  private var revision: Int64 = 0
  /// Written by SQLite's hook after each commit.
  private let journalPageCount: UnsafeMutablePointer<Int32>

  init(path: String) throws {
    var opened: OpaquePointer?
    guard
      sqlite3_open_v2(
        path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
        tombolo_sqlite_gathering_layer()) == SQLITE_OK, let opened
    else { throw BenchmarkError("\(path) cannot be opened") }
    database = opened
    for text in [
      "PRAGMA page_size=8192", "PRAGMA auto_vacuum=INCREMENTAL", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
      "PRAGMA wal_autocheckpoint=0", "PRAGMA temp_store=MEMORY",
      """
      CREATE TABLE records (key BLOB PRIMARY KEY NOT NULL, revision INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID
      """,
    ] { try Self.run(text, in: opened) }
    begin = try Self.prepare("BEGIN IMMEDIATE", in: opened)
    end = try Self.prepare("COMMIT", in: opened)
    func insert(_ rowCount: Int) throws -> OpaquePointer {
      let rows = Array(repeating: "(?, ?, ?)", count: rowCount).joined(separator: ", ")
      return try Self.prepare(
        "INSERT INTO records VALUES \(rows) "
          + "ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value", in: opened)
    }
    put = try insert(1)
    putRows = try insert(Self.rowCount)
    get = try Self.prepare("SELECT value FROM records WHERE key BETWEEN ?1 AND ?2 ORDER BY key", in: opened)
    delete = try Self.prepare("DELETE FROM records WHERE key = ?1", in: opened)
    deleteRange = try Self.prepare("DELETE FROM records WHERE key BETWEEN ?1 AND ?2", in: opened)
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
    for statement in [begin, end, put, putRows, get, delete, deleteRange] { sqlite3_finalize(statement) }
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
    revision += 1
    try finish(begin)
    var rest = mutations[...]
    while let first = rest.first {
      switch first {
      case .put:
        let count = rest.prefix(Self.rowCount).prefix { $0.isPut }.count == Self.rowCount ? Self.rowCount : 1
        try put(rest.prefix(count), with: count == 1 ? put : putRows)
        rest.removeFirst(count)
      case .delete(let key):
        // The benchmark deletes what it has put one behind the other.
        let neighbours = rest.prefix { !$0.isPut }
        if let last = neighbours.last, neighbours.count > 1 {
          try Self.bind(key.bytes, 1, deleteRange) { statement in
            try Self.bind(last.key.bytes, 2, statement) { try finish($0) }
          }
        } else {
          try Self.bind(key.bytes, 1, delete) { try finish($0) }
        }
        rest.removeFirst(neighbours.count)
      }
    }
    try finishGathering()
    guard journalPageCount.pointee >= Self.journalPageCountMaximum else { return }
    guard sqlite3_wal_checkpoint_v2(database, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil) == SQLITE_OK else {
      throw BenchmarkError(String(cString: sqlite3_errmsg(database)))
    }
  }

  /// Binds a row within the other, because what is bound is borrowed until the statement has run.
  private func put(_ rows: ArraySlice<Mutation>, from row: Int32 = 0, with statement: OpaquePointer) throws {
    guard case .put(let key, let value) = rows.first else { return try finish(statement) }
    sqlite3_bind_int64(statement, row * 3 + 2, revision)
    try Self.bind(key.bytes, row * 3 + 1, statement) { statement in
      try Self.bind(value, row * 3 + 3, statement) { try put(rows.dropFirst(), from: row + 1, with: $0) }
    }
  }

  private func finishGathering() throws {
    tombolo_sqlite_gather(database, 1)
    defer { tombolo_sqlite_gather(database, 0) }
    try finish(end)
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

extension Mutation {
  fileprivate var isPut: Bool {
    if case .put = self { return true }
    return false
  }
}
