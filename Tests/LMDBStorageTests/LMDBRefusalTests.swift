import CLMDB
import Foundation
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import LMDBStorage

@Suite("LMDBStore refuses what it cannot work on")
struct LMDBRefusalTests {
  /// A closed database with some records, large enough for several levels of pages.
  private func fill(_ folder: TemporaryFolder) async throws {
    let store = try await LMDBStore(path: folder.path, durability: .none)
    try await store.commit { batch in
      for index in 0..<2_000 { batch.put(Key("key \(index)"), [UInt8](repeating: UInt8(index % 251), count: 200)) }
    }
    try await store.close()
  }

  private func openError(_ path: String) async throws -> StoreError {
    try await storeError { _ = try await LMDBStore(path: path) }
  }

  @Test("A database of another program is left alone")
  func foreignDatabase() async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      try rewriteHeader(folder) { $0.storeBytes(of: 7, as: UInt32.self) }
      let error = try await openError(folder.path)
      #expect(error.code == .damaged)
      #expect(error.message.contains("another program"))
    }
  }

  @Test("A database of a newer program is left alone")
  func newerFormat() async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      try rewriteHeader(folder) { $0.storeBytes(of: 99, toByteOffset: 4, as: UInt32.self) }
      let error = try await openError(folder.path)
      #expect(error.code == .damaged)
      #expect(error.message.contains("newer program"))
      #expect(error.message.contains("99"))
    }
  }

  @Test("A database of an older program, whose checksums this one does not know, is left alone")
  func olderFormat() async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      try rewriteHeader(folder) { $0.storeBytes(of: 1, toByteOffset: 4, as: UInt32.self) }
      let error = try await openError(folder.path)
      #expect(error.code == .damaged)
      #expect(error.message.contains("older program"))
    }
  }

  @Test("Who joins a folder that others share finds a database of this program there, or is refused")
  func joining() async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      let other = try StoreFolder(folder.path, engine: "lmdb", isShared: true)
      try other.share()
      let joined = try await LMDBStore(path: folder.path, isShared: true)
      #expect(try await !joined.scan(.all, limit: 1).isEmpty)
      try await joined.close()
      try rewriteHeader(folder) { $0.storeBytes(of: 9, toByteOffset: 4, as: UInt32.self) }
      let newer = try await storeError { _ = try await LMDBStore(path: folder.path, isShared: true) }
      #expect(newer.code == .damaged)
      #expect(newer.message.contains("newer program"), "\(newer)")
      try FileManager.default.removeItem(atPath: folder.database)
      let missing = try await storeError { _ = try await LMDBStore(path: folder.path, isShared: true) }
      #expect(missing.code == .inUse)
      #expect(missing.message.contains("while it made the database"), "\(missing)")
      #expect(!FileManager.default.fileExists(atPath: folder.database))
      withExtendedLifetime(other) {}
    }
  }

  /// Changes the header as another program could, with LMDB itself.
  private func rewriteHeader(_ folder: TemporaryFolder, _ change: (UnsafeMutableRawPointer) -> Void) throws {
    var environment: OpaquePointer?
    var transaction: OpaquePointer?
    var table: MDB_dbi = 0
    try #require(mdb_env_create(&environment) == 0)
    defer { mdb_env_close(environment) }
    try #require(mdb_env_open(environment, folder.database, UInt32(MDB_NOSUBDIR), 0o600) == 0)
    try #require(mdb_txn_begin(environment, nil, 0, &transaction) == 0)
    try #require(mdb_dbi_open(transaction, nil, 0, &table) == 0)
    var mark: UInt8 = 0
    let result = withUnsafeMutableBytes(of: &mark) { buffer in
      var key = MDB_val(mv_size: 1, mv_data: buffer.baseAddress)
      var old = MDB_val()
      guard mdb_get(transaction, table, &key, &old) == 0 else { return Int32(-1) }
      var bytes = Array(old.bytes)
      return bytes.withUnsafeMutableBytes { bytes in
        bytes.baseAddress.map(change)
        var value = MDB_val(mv_size: bytes.count, mv_data: bytes.baseAddress)
        return mdb_put(transaction, table, &key, &value, 0)
      }
    }
    try #require(result == 0)
    try #require(mdb_txn_commit(transaction) == 0)
  }
}
