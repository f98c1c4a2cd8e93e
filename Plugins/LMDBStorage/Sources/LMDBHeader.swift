import CLMDB
import TomboloPorts

/// The entry before all records: whose database it is, in which version, and how often it was opened.
struct LMDBHeader: Hashable, Sendable {
  /// Raised by every change an older program could not work with.
  static let version: UInt32 = 1
  private static let mark: UInt32 = 0x546D_626C
  private static let byteCount = 16

  var version = Self.version
  /// How often the database was opened: the upper part of every revision.
  var epoch: UInt64 = 0

  /// Reads it, or refuses a database that is not of this program or of this version.
  init(from transaction: OpaquePointer, table: MDB_dbi, path: String) throws {
    var entry = MDB_val()
    let result = Self.withKey { mdb_get(transaction, table, &$0, &entry) }
    if result != MDB_NOTFOUND { try LMDBFailure.require(result, "reading its header") }
    let bytes = entry.bytes
    guard result == MDB_SUCCESS, bytes.count == Self.byteCount,
      UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) == Self.mark
    else {
      throw StoreError(.damaged, "\(path): this is the database of another program; name another `path`")
    }
    version = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    epoch = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    guard version <= Self.version else {
      throw StoreError(
        .damaged,
        "\(path): a newer program wrote it (format \(version), this one knows up to \(Self.version)); install the newer "
          + "program")
    }
  }

  init() {}

  func write(to transaction: OpaquePointer, table: MDB_dbi) throws {
    var entry = MDB_val(mv_size: Self.byteCount, mv_data: nil)
    let result = Self.withKey { mdb_put(transaction, table, &$0, &entry, UInt32(MDB_RESERVE)) }
    try LMDBFailure.require(result, "writing its header")
    entry.mv_data?.storeBytes(of: Self.mark.littleEndian, as: UInt32.self)
    entry.mv_data?.storeBytes(of: version.littleEndian, toByteOffset: 4, as: UInt32.self)
    entry.mv_data?.storeBytes(of: epoch.littleEndian, toByteOffset: 8, as: UInt64.self)
  }

  private static func withKey<Value>(_ body: (inout MDB_val) -> Value) -> Value {
    var byte: UInt8 = 0
    return withUnsafeMutableBytes(of: &byte) { buffer in
      var key = MDB_val(mv_size: 1, mv_data: buffer.baseAddress)
      return body(&key)
    }
  }
}
