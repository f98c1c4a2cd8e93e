import CLMDB
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A database used as LMDB's own examples do: one thread, one transaction for each commit.
final class RawDatabase {
  /// A result of LMDB that is no success.
  struct Failure: Error {
    var result: Int32
  }

  private let environment: OpaquePointer
  private var table: MDB_dbi = 0

  init(path: String, isSynchronous: Bool) throws {
    var created: OpaquePointer?
    try Self.require(mdb_env_create(&created))
    guard let created else { throw Failure(result: ENOMEM) }
    environment = created
    try Self.require(mdb_env_set_mapsize(created, 4 << 30))
    try Self.require(mdb_env_open(created, path, UInt32(MDB_NOSUBDIR | (isSynchronous ? 0 : MDB_NOSYNC)), 0o600))
    let transaction = try begin()
    try Self.require(mdb_dbi_open(transaction, nil, 0, &table))
    try Self.require(mdb_txn_commit(transaction))
  }

  deinit { mdb_env_close(environment) }

  /// Puts the payload under `count` keys from `number` on, and commits.
  func put(_ number: Int, count: Int) throws {
    let transaction = try begin()
    for number in number..<number + count {
      try LMDBFloor.key(number).bytes.withUnsafeBytes { key in
        try LMDBFloor.payload.withUnsafeBytes { payload in
          // Only read from, although LMDB's type has no way to say so.
          var key = MDB_val(mv_size: key.count, mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress))
          var value = MDB_val(mv_size: payload.count, mv_data: UnsafeMutableRawPointer(mutating: payload.baseAddress))
          try Self.require(mdb_put(transaction, table, &key, &value, 0))
        }
      }
    }
    try Self.require(mdb_txn_commit(transaction))
  }

  private func begin() throws -> OpaquePointer? {
    var transaction: OpaquePointer?
    try Self.require(mdb_txn_begin(environment, nil, 0, &transaction))
    return transaction
  }

  private static func require(_ result: Int32) throws {
    guard result == MDB_SUCCESS else { throw Failure(result: result) }
  }
}
