import CLMDB
import TomboloPorts
import TomboloStorage

/// The entry before all records: whose database it is, in which version, and how often it was opened.
///
/// 20 bytes, little-endian: the mark (4), the version (4), the epoch (8), and the CRC-32C of all before (4).
struct LMDBHeader: Hashable, Sendable {
  /// Raised by every change an older program could not work with.
  static let version: UInt32 = 2
  /// Where it is stored: before the keys of all records.
  static let key: [UInt8] = [0]
  private static let mark: UInt32 = 0x546D_626C
  private static let byteCount = 20

  /// How often the database was opened: the upper part of every revision.
  var epoch: UInt64 = 0

  init() {}

  /// Reads it, or refuses a database that is not of this program or of this version.
  init(from transaction: OpaquePointer, table: MDB_dbi, path: String) throws {
    var entry = MDB_val()
    let result = Self.withKey { mdb_get(transaction, table, &$0, &entry) }
    guard result != MDB_NOTFOUND else { throw Self.foreign(path) }
    try LMDBFailure.require(result, "reading its header")
    try self.init(entry.bytes, path: path)
  }

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    guard bytes.count >= 8, bytes.number(0, UInt32.self) == Self.mark else { throw Self.foreign(path) }
    let version = bytes.number(4, UInt32.self)
    guard version == Self.version else {
      throw StoreError(
        .damaged,
        "\(path): it has format \(version), and this program knows format \(Self.version) alone; "
          + (version > Self.version
            ? "a newer program wrote it; install that"
            : "an older program wrote it; migrate it with that to another store"))
    }
    guard bytes.count == Self.byteCount,
      bytes.number(16, UInt32.self) == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<16]))
    else {
      throw StoreError(.damaged, "\(path): the checksum of its header is wrong; \(LMDBFailure.adviceOnDamage)")
    }
    epoch = bytes.number(8, UInt64.self)
  }

  /// The refusal of a database without this entry.
  static func foreign(_ path: String) -> StoreError {
    StoreError(.damaged, "\(path): this is the database of another program; name another `path`")
  }

  func write(to transaction: OpaquePointer, table: MDB_dbi) throws {
    var entry = MDB_val(mv_size: Self.byteCount, mv_data: nil)
    let result = Self.withKey { mdb_put(transaction, table, &$0, &entry, UInt32(MDB_RESERVE)) }
    try LMDBFailure.require(result, "writing its header")
    let room = UnsafeMutableRawBufferPointer(start: entry.mv_data, count: entry.mv_size)
    guard room.count == Self.byteCount else { throw LMDBFailure(result: MDB_CORRUPTED, action: "writing its header") }
    room.storeBytes(of: Self.mark.littleEndian, as: UInt32.self)
    room.storeBytes(of: Self.version.littleEndian, toByteOffset: 4, as: UInt32.self)
    room.storeBytes(of: epoch.littleEndian, toByteOffset: 8, as: UInt64.self)
    let checksum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<16]))
    room.storeBytes(of: checksum.littleEndian, toByteOffset: 16, as: UInt32.self)
  }

  private static func withKey<Value>(_ body: (inout MDB_val) -> Value) -> Value {
    var key = key
    return key.withUnsafeMutableBytes { buffer in
      var value = MDB_val(mv_size: buffer.count, mv_data: buffer.baseAddress)
      return body(&value)
    }
  }
}
