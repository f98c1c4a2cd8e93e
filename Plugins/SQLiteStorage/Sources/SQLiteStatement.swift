import CSQLite
import TomboloPorts

/// A prepared statement. Bound memory is borrowed: bind, step and reset within the `withUnsafeBytes` that lends it.
final class SQLiteStatement {
  private let handle: OpaquePointer
  private unowned let connection: SQLiteConnection

  init(_ handle: OpaquePointer, connection: SQLiteConnection) {
    self.handle = handle
    self.connection = connection
  }

  deinit {
    sqlite3_finalize(handle)
  }

  func bind(_ number: Int64, at index: Int32) throws {
    try require(sqlite3_bind_int64(handle, index, number))
  }

  /// `bytes` must stay where they are until the statement is reset.
  func bind(_ bytes: UnsafeRawBufferPointer, at index: Int32) throws {
    // An empty array may lend no address, and SQLite takes the absence of an address for NULL.
    guard let address = bytes.baseAddress, !bytes.isEmpty else {
      try require(sqlite3_bind_zeroblob(handle, index, 0))
      return
    }
    try require(sqlite3_bind_blob64(handle, index, address, UInt64(bytes.count), nil))
  }

  /// Goes on to the next row and tells whether there is one.
  func step() throws -> Bool {
    let result = sqlite3_step(handle)
    if result == SQLITE_ROW { return true }
    if result == SQLITE_DONE { return false }
    throw connection.failure(result, while: "running `\(String(cString: sqlite3_sql(handle)))`")
  }

  /// Steps once and answers with SQLite's result code, for callers that tell failures apart.
  func stepResult() -> Int32 {
    sqlite3_step(handle)
  }

  /// Makes it ready for its next use. A failure was told by `step` already.
  func reset() {
    sqlite3_reset(handle)
  }

  /// Runs it to its end.
  func run() throws {
    defer { reset() }
    while try step() {}
  }

  func integer(at column: Int32) -> Int64 {
    sqlite3_column_int64(handle, column)
  }

  func text(at column: Int32) -> String? {
    sqlite3_column_text(handle, column).map { String(cString: $0) }
  }

  func bytes(at column: Int32) throws -> [UInt8] {
    let address = sqlite3_column_blob(handle, column)
    let count = Int(sqlite3_column_bytes(handle, column))
    guard count > 0 else { return [] }
    guard let address else { throw connection.failure(SQLITE_NOMEM, while: "reading a value") }
    return Array(UnsafeRawBufferPointer(start: address, count: count))
  }

  /// Whether a column's bytes are these.
  func isEqual(at column: Int32, to bytes: [UInt8]) -> Bool {
    // First, because it decides how the length is counted.
    let address = sqlite3_column_blob(handle, column)
    return UnsafeRawBufferPointer(start: address, count: Int(sqlite3_column_bytes(handle, column))).elementsEqual(bytes)
  }

  private func require(_ result: Int32) throws {
    guard result == SQLITE_OK else { throw connection.failure(result, while: "binding a value") }
  }
}
