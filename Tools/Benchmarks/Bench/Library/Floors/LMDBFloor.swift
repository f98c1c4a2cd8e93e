import CLMDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One table of numbered payloads, through LMDB's C interface: one thread, one synchronous transaction for each commit.
final class LMDBFloor: Floor {
  private let environment: OpaquePointer
  private let payload: [UInt8]
  private var table: MDB_dbi = 0
  private var next: UInt64 = 0

  init(path: String, payload: [UInt8]) throws {
    self.payload = payload
    var created: OpaquePointer?
    try Self.require(mdb_env_create(&created))
    guard let created else { throw BenchmarkError("LMDB made no environment") }
    environment = created
    try Self.require(mdb_env_set_mapsize(created, 16 << 30))
    try Self.require(mdb_env_open(created, path, UInt32(MDB_NOSUBDIR), 0o600))
    let transaction = try begin()
    try Self.require(mdb_dbi_open(transaction, nil, UInt32(MDB_CREATE), &table))
    try Self.require(mdb_txn_commit(transaction))
  }

  deinit { mdb_env_close(environment) }

  func add(_ count: Int) throws {
    let transaction = try begin()
    for _ in 0..<count {
      var number = next.bigEndian
      next += 1
      try withUnsafeMutableBytes(of: &number) { key in
        try payload.withUnsafeBytes { payload in
          // Only read from, although LMDB's type has no way to say so.
          var (key, value) = (
            MDB_val(mv_size: key.count, mv_data: key.baseAddress),
            MDB_val(mv_size: payload.count, mv_data: UnsafeMutableRawPointer(mutating: payload.baseAddress))
          )
          try Self.require(mdb_put(transaction, table, &key, &value, UInt32(MDB_APPEND)))
        }
      }
    }
    try Self.require(mdb_txn_commit(transaction))
  }

  func take(_ count: Int) throws -> Int {
    let transaction = try begin()
    var cursor: OpaquePointer?
    try Self.require(mdb_cursor_open(transaction, table, &cursor))
    var (taken, byteCount) = (0, 0)
    while taken < count {
      var (key, value) = (MDB_val(), MDB_val())
      let result = mdb_cursor_get(cursor, &key, &value, MDB_FIRST)
      if result == MDB_NOTFOUND { break }
      try Self.require(result)
      byteCount += Array(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)).count
      try Self.require(mdb_cursor_del(cursor, 0))
      taken += 1
    }
    mdb_cursor_close(cursor)
    guard byteCount == taken * payload.count else { throw BenchmarkError("a payload was cut off") }
    try Self.require(mdb_txn_commit(transaction))
    return taken
  }

  private func begin() throws -> OpaquePointer? {
    var transaction: OpaquePointer?
    try Self.require(mdb_txn_begin(environment, nil, 0, &transaction))
    return transaction
  }

  private static func require(_ result: Int32) throws {
    guard result == MDB_SUCCESS else { throw BenchmarkError(String(cString: mdb_strerror(result))) }
  }
}
