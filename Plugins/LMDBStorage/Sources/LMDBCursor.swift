import CLMDB

/// A place in the table, within one transaction. Close it before the transaction ends.
struct LMDBCursor {
  private let handle: OpaquePointer
  private let bounds: LMDBBounds?

  /// Where it stands: the stored key and the entry.
  typealias Position = (key: UnsafeRawBufferPointer, entry: UnsafeRawBufferPointer)

  init(_ table: LMDBTable) throws {
    var opened: OpaquePointer?
    try LMDBFailure.require(mdb_cursor_open(table.transaction, table.table, &opened), "opening a cursor")
    guard let opened else { throw LMDBFailure(result: MDB_CORRUPTED, action: "opening a cursor") }
    handle = opened
    bounds = table.bounds
  }

  func close() { mdb_cursor_close(handle) }

  func next() throws -> Position? { try move(MDB_NEXT, MDB_val()) }
  func previous() throws -> Position? { try move(MDB_PREV, MDB_val()) }
  func last() throws -> Position? { try move(MDB_LAST, MDB_val()) }
  /// The first at `key` or after it.
  func first(from key: MDB_val) throws -> Position? { try move(MDB_SET_RANGE, key) }

  /// The last one before `key`.
  func last(before key: MDB_val) throws -> Position? {
    try first(from: key) == nil ? last() : previous()
  }

  private func move(_ operation: MDB_cursor_op, _ wanted: MDB_val) throws -> Position? {
    var key = wanted
    var entry = MDB_val()
    let result = mdb_cursor_get(handle, &key, &entry, operation)
    if result == MDB_NOTFOUND { return nil }
    try LMDBFailure.require(result, "reading")
    try bounds?.require(key.bytes)
    try bounds?.require(entry.bytes)
    return (key.bytes, entry.bytes)
  }
}
