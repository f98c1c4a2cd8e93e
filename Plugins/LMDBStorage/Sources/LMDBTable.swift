import CLMDB
import TomboloPorts

/// What can be asked of the records, and done to them, within one transaction.
struct LMDBTable {
  let transaction: OpaquePointer
  let table: MDB_dbi
  /// For transactions that read.
  var bounds: LMDBBounds?

  /// The record at `key`, or `nil`.
  func record(at key: Key) throws -> Record? {
    try entry(at: key).map { try LMDBEntry.record(key, isLong: LMDBEntry.isLong(key), $0) }
  }

  /// The revision of the record at `key`, or `nil` when there is none.
  func revision(at key: Key) throws -> Revision? {
    try entry(at: key).map { try LMDBEntry.revision(of: $0) }
  }

  /// - Parameter atEnd: whether to try the end of the table first (`clearEnd`).
  func put(_ key: Key, _ value: [UInt8], _ revision: Revision, atEnd: Bool = false) throws {
    guard LMDBEntry.isLong(key) else {
      return try put(key.bytes[...], label: nil, rest: nil, value, revision, atEnd: atEnd)
    }
    let place = LMDBLongKeys(key, in: self)
    try put(place.stem, label: try label(at: place), rest: place.rest, value, revision)
  }

  /// Deletes the record at `key`, if there is one.
  func delete(_ key: Key) throws {
    var label: UInt64?
    if LMDBEntry.isLong(key) {
      guard case .found(let found, _) = try LMDBLongKeys(key, in: self).locate() else { return }
      label = found
    }
    let result = LMDBEntry.withStored(key.bytes.prefix(LMDBEntry.stemByteCount), label: label) {
      mdb_del(transaction, table, &$0, nil)
    }
    guard result != MDB_NOTFOUND else { return }
    try LMDBFailure.require(result, "deleting a record")
  }

  private func label(at place: LMDBLongKeys) throws -> UInt64 {
    // Once spread, labels have room between them.
    for _ in 0..<2 {
      switch try place.locate() {
      case .found(let label, _): return label
      case .absent(let previous, let next):
        if let label = LMDBLongKeys.label(previous: previous, next: next) { return label }
        try place.spreadLabels()
      }
    }
    throw LMDBFailure(result: MDB_CORRUPTED, action: "finding a place for a long key")
  }

  private func put(
    _ key: ArraySlice<UInt8>, label: UInt64?, rest: ArraySlice<UInt8>?, _ value: [UInt8], _ revision: Revision,
    atEnd: Bool = false
  ) throws {
    let byteCount = LMDBEntry.byteCount(rest: rest, value: value)
    var entry = MDB_val(mv_size: byteCount, mv_data: nil)
    let result = LMDBEntry.withStored(key, label: label) { stored in
      if atEnd {
        let result = mdb_put(transaction, table, &stored, &entry, UInt32(MDB_RESERVE | MDB_APPEND))
        // There is one behind it, or itself.
        guard result == MDB_KEYEXIST else { return result }
        entry = MDB_val(mv_size: byteCount, mv_data: nil)
      }
      return mdb_put(transaction, table, &stored, &entry, UInt32(MDB_RESERVE))
    }
    try LMDBFailure.require(result, "putting a record")
    let room = UnsafeMutableRawBufferPointer(start: entry.mv_data, count: entry.mv_size)
    guard room.count == byteCount, room.baseAddress != nil else {
      throw LMDBFailure(result: MDB_CORRUPTED, action: "putting a record")
    }
    LMDBEntry.write(key, revision: revision, rest: rest, value: value, to: room)
  }

  private func entry(at key: Key) throws -> UnsafeRawBufferPointer? {
    if LMDBEntry.isLong(key) {
      guard case .found(_, let entry) = try LMDBLongKeys(key, in: self).locate() else {
        return nil
      }
      return entry
    }
    var entry = MDB_val()
    let result = LMDBEntry.withStored(key.bytes) { mdb_get(transaction, table, &$0, &entry) }
    if result == MDB_NOTFOUND { return nil }
    try LMDBFailure.require(result, "reading a record")
    try bounds?.require(entry.bytes)
    return entry.bytes
  }
}
