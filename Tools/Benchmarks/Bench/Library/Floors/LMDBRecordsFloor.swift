import CLMDB
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One table, one synchronous transaction for each commit, and zeroes written ahead of its pages, a MiB at a time; the plugin begins
/// with less.
final class LMDBRecordsFloor: RecordsFloor {
  private let environment: OpaquePointer
  private var table: MDB_dbi = 0
  private var file: mdb_filehandle_t = -1
  private var roomEnd = 0
  private let pageByteCount: Int
  private let zeroes = [UInt8](repeating: 0, count: 1 << 20)

  init(path: String) throws {
    var created: OpaquePointer?
    try Self.require(mdb_env_create(&created))
    guard let created else { throw BenchmarkError("LMDB made no environment") }
    environment = created
    try Self.require(mdb_env_set_mapsize(created, 16 << 30))
    try Self.require(mdb_env_open(created, path, UInt32(MDB_NOSUBDIR), 0o600))
    var statistics = MDB_stat()
    try Self.require(mdb_env_stat(created, &statistics))
    pageByteCount = Int(statistics.ms_psize)
    let transaction = try begin()
    try Self.require(mdb_dbi_open(transaction, nil, UInt32(MDB_CREATE), &table))
    try Self.require(mdb_txn_commit(transaction))
    try Self.require(mdb_env_get_fd(created, &file))
  }

  deinit { mdb_env_close(environment) }

  func read(_ neighbours: [[UInt8]]) throws -> Int {
    guard let first = neighbours.first, let last = neighbours.last else { return 0 }
    let transaction = try begin(UInt32(MDB_RDONLY))
    defer { mdb_txn_abort(transaction) }
    var cursor: OpaquePointer?
    try Self.require(mdb_cursor_open(transaction, table, &cursor))
    defer { mdb_cursor_close(cursor) }
    return try Self.withValue(first) { first in
      try Self.withValue(last) { last in
        var (key, value, last) = (first, MDB_val(), last)
        var count = 0
        while true {
          let result = mdb_cursor_get(cursor, &key, &value, count == 0 ? MDB_SET_RANGE : MDB_NEXT)
          if result == MDB_NOTFOUND { return count }
          try Self.require(result)
          guard mdb_cmp(transaction, table, &key, &last) <= 0 else { return count }
          guard Array(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)).count == value.mv_size else {
            throw BenchmarkError("a value was cut off")
          }
          count += 1
        }
      }
    }
  }

  func commit(_ mutations: [Mutation]) throws {
    let transaction = try begin()
    try writeAhead()
    let appends = try clearEnd(for: mutations, transaction)
    for mutation in mutations {
      try Self.withValue(mutation.key.bytes) { key in
        var key = key
        switch mutation {
        case .put(_, let value):
          try Self.withValue(value) { value in
            var value = value
            var result = appends ? mdb_put(transaction, table, &key, &value, UInt32(MDB_APPEND)) : MDB_KEYEXIST
            if result == MDB_KEYEXIST { result = mdb_put(transaction, table, &key, &value, 0) }
            try Self.require(result)
          }
        case .delete:
          let result = mdb_del(transaction, table, &key, nil)
          if result != MDB_NOTFOUND { try Self.require(result) }
        }
      }
    }
    try Self.require(mdb_txn_commit(transaction))
  }

  /// As the plugin does, without its look at what lies before: the last record makes way where it is put again, so that pages are
  /// filled.
  private func clearEnd(for mutations: [Mutation], _ transaction: OpaquePointer?) throws -> Bool {
    guard mutations.count > 3, case .put(let first, _) = mutations.first, case .put(let last, _) = mutations.last,
      first < last
    else { return false }
    var cursor: OpaquePointer?
    try Self.require(mdb_cursor_open(transaction, table, &cursor))
    defer { mdb_cursor_close(cursor) }
    var (key, value) = (MDB_val(), MDB_val())
    if mdb_cursor_get(cursor, &key, &value, MDB_LAST) == MDB_NOTFOUND { return false }
    guard UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size).elementsEqual(last.bytes) else { return false }
    try Self.require(mdb_cursor_del(cursor, 0))
    return true
  }

  private func writeAhead() throws {
    var information = MDB_envinfo()
    try Self.require(mdb_env_info(environment, &information))
    let used = (information.me_last_pgno + 1) * pageByteCount
    guard roomEnd - used < zeroes.count / 2 else { return }
    let start = max(used, roomEnd)
    roomEnd = used + zeroes.count
    guard pwrite(file, zeroes, roomEnd - start, off_t(start)) == roomEnd - start else {
      throw BenchmarkError("nothing could be written ahead")
    }
  }

  /// LMDB only reads from it, although its type has no way to say so.
  private static func withValue<Value>(_ bytes: [UInt8], _ body: (MDB_val) throws -> Value) throws -> Value {
    try bytes.withUnsafeBytes { buffer in
      try body(MDB_val(mv_size: buffer.count, mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress)))
    }
  }

  private func begin(_ flags: UInt32 = 0) throws -> OpaquePointer? {
    var transaction: OpaquePointer?
    try Self.require(mdb_txn_begin(environment, nil, flags, &transaction))
    return transaction
  }

  private static func require(_ result: Int32) throws {
    guard result == MDB_SUCCESS else { throw BenchmarkError(String(cString: mdb_strerror(result))) }
  }
}
