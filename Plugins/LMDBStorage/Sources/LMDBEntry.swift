import CLMDB
import TomboloPorts
import TomboloStorage

/// How a record is laid out in the table.
///
/// | entry | key | value |
/// |---|---|---|
/// | header | `00` | see `LMDBHeader` |
/// | record | `01`, the record's key | checksum (4), revision (8), the record's value |
/// | record with a long key | `01`, the key's first 502 bytes (its stem), label (8) | checksum (4), revision (8), count (2) and bytes of the rest of the key, the record's value |
///
/// LMDB's keys have 1 to 511 bytes; the first byte makes room for the empty key. Labels are big-endian and in the order of the
/// rests of the keys; see `LMDBLongKeys`. Other numbers are little-endian. The checksum is the sum of two CRC-32C: of all that
/// follows it, and of the key or its stem. LMDB has none of its own, and a flipped bit in an operation must not reach a server,
/// nor a record be found under a key it was not put under. A label is not covered: it may be any that keeps the order.
enum LMDBEntry {
  static let recordMark: UInt8 = 1
  /// The longest key that is stored whole, and the length of a stem.
  static let stemByteCount = 502
  static let storedKeyByteCountMaximum = 511
  static let prefixByteCount = 12

  static func isLong(_ key: Key) -> Bool { key.bytes.count > stemByteCount }

  /// Lends the stored form of a short key, or of a stem.
  static func withStored<Value>(
    _ bytes: some Collection<UInt8>, label: UInt64? = nil, _ body: (inout MDB_val) throws -> Value
  ) rethrows -> Value {
    try withUnsafeTemporaryAllocation(byteCount: storedKeyByteCountMaximum, alignment: 1) { buffer in
      buffer[0] = recordMark
      var count = 1
      // Never more than there is room for: the caller gives at most `stemByteCount` bytes.
      let room = UnsafeMutableRawBufferPointer(rebasing: buffer[1...stemByteCount])
      let copied: Void? = bytes.withContiguousStorageIfAvailable { source in
        let taken = UnsafeRawBufferPointer(source).prefix(room.count)
        room.copyBytes(from: taken)
        count += taken.count
      }
      if copied == nil {
        for byte in bytes.prefix(room.count) {
          buffer[count] = byte
          count += 1
        }
      }
      if let label {
        buffer.storeBytes(of: label.bigEndian, toByteOffset: count, as: UInt64.self)
        count += 8
      }
      var value = MDB_val(mv_size: count, mv_data: buffer.baseAddress)
      return try body(&value)
    }
  }

  /// The label of a stored key, or `nil` when it is the key of a short record.
  static func label(of storedKey: UnsafeRawBufferPointer) -> UInt64? {
    guard storedKey.count == storedKeyByteCountMaximum else { return nil }
    return UInt64(
      bigEndian: storedKey.loadUnaligned(fromByteOffset: storedKeyByteCountMaximum - 8, as: UInt64.self))
  }

  /// How many bytes the value of an entry takes.
  static func byteCount(rest: ArraySlice<UInt8>?, value: [UInt8]) -> Int {
    prefixByteCount + (rest.map { 2 + $0.count } ?? 0) + value.count
  }

  /// Fills the value of an entry, which has exactly `byteCount(rest:value:)` bytes.
  static func write(
    _ key: ArraySlice<UInt8>, revision: Revision, rest: ArraySlice<UInt8>?, value: [UInt8],
    to buffer: UnsafeMutableRawBufferPointer
  ) {
    buffer.storeBytes(of: revision.rawValue.littleEndian, toByteOffset: 4, as: UInt64.self)
    var offset = prefixByteCount
    if let rest {
      buffer.storeBytes(of: UInt16(truncatingIfNeeded: rest.count).littleEndian, toByteOffset: offset, as: UInt16.self)
      UnsafeMutableRawBufferPointer(rebasing: buffer[(offset + 2)...]).copyBytes(from: rest)
      offset += 2 + rest.count
    }
    UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyBytes(from: value)
    let checksum = key.withUnsafeBytes { Self.checksum($0, UnsafeRawBufferPointer(buffer)) }
    buffer.storeBytes(of: checksum.littleEndian, toByteOffset: 0, as: UInt32.self)
  }

  private static func checksum(_ key: UnsafeRawBufferPointer, _ entry: UnsafeRawBufferPointer) -> UInt32 {
    CRC32C.checksum(UnsafeRawBufferPointer(rebasing: entry[4...])) &+ CRC32C.checksum(key)
  }

  /// Whether the entry belongs to its key, and neither was changed since it was put.
  static func isIntact(storedKey: UnsafeRawBufferPointer, _ entry: UnsafeRawBufferPointer) -> Bool {
    guard storedKey.first == recordMark, entry.count >= prefixByteCount else { return false }
    let isLong = storedKey.count == storedKeyByteCountMaximum
    guard isLong || storedKey.count <= stemByteCount + 1 else { return false }
    let key = UnsafeRawBufferPointer(rebasing: storedKey[1..<min(storedKey.count, stemByteCount + 1)])
    return entry.number(0, UInt32.self) == checksum(key, entry)
  }

  /// The revision of an entry; its checksum is not looked at.
  static func revision(of entry: UnsafeRawBufferPointer) throws -> Revision {
    guard entry.count >= prefixByteCount else { throw LMDBFailure(result: MDB_CORRUPTED, action: "reading a revision") }
    return Revision(rawValue: UInt64(littleEndian: entry.loadUnaligned(fromByteOffset: 4, as: UInt64.self)))
  }

  /// The part of a long key that its entry holds.
  static func rest(of entry: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer {
    let start = prefixByteCount + 2
    guard entry.count >= start else { throw LMDBFailure(result: MDB_CORRUPTED, action: "reading a long key") }
    let count = Int(UInt16(littleEndian: entry.loadUnaligned(fromByteOffset: prefixByteCount, as: UInt16.self)))
    guard entry.count >= start + count else { throw LMDBFailure(result: MDB_CORRUPTED, action: "reading a long key") }
    return UnsafeRawBufferPointer(rebasing: entry[start..<(start + count)])
  }

  /// The record of an entry, its bytes copied once, straight from the map.
  static func record(_ key: Key, isLong: Bool, _ entry: UnsafeRawBufferPointer) throws -> Record {
    let revision = try revision(of: entry)
    let isIntact = key.bytes.prefix(stemByteCount).withUnsafeBytes {
      checksum($0, entry) == entry.number(0, UInt32.self)
    }
    guard isIntact else {
      throw LMDBFailure(result: MDB_CORRUPTED, action: "reading a record, whose checksum is wrong")
    }
    let start = isLong ? prefixByteCount + 2 + (try rest(of: entry).count) : prefixByteCount
    return Record(key: key, value: Array(entry[start...]), revision: revision)
  }
}

extension MDB_val {
  /// Its bytes, which stay where they are until the transaction ends or writes.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: mv_data, count: mv_size) }
}
