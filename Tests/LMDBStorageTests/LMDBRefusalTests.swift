import CLMDB
import Foundation
import Testing
import TomboloPorts
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

  @Test("A second store in this process is refused, and the message names this process")
  func secondInProcess() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(path: folder.path)
      let error = try await openError(folder.path + "/")
      #expect(error.code == .inUse)
      #expect(error.message.contains("another store object in this process (pid \(getpid()))"))
      try await store.commit { $0.put(Key("a"), [1]) }
      try await store.close()
      try await LMDBStore(path: folder.path).close()
    }
  }

  @Test("A store held by another process is refused, and the message names that process")
  func secondProcess() async throws {
    try await TemporaryFolder.with { folder in
      // Holds the lock as a second Tombolo would, says so, and ends when its input does.
      let script = """
        import fcntl, os, sys
        file = open(sys.argv[1], "w"); fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{os.getpid()}\\n"); file.flush(); print("held", flush=True); sys.stdin.read()
        """
      let holder = Process()
      holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      holder.arguments = ["python3", "-c", script, "\(folder.path)/tombolo.lock"]
      let input = Pipe()
      let output = Pipe()
      holder.standardInput = input
      holder.standardOutput = output
      let (ends, end) = AsyncStream<Void>.makeStream()
      holder.terminationHandler = { _ in end.finish() }
      try holder.run()
      #expect(String(decoding: output.fileHandleForReading.readData(ofLength: 5), as: UTF8.self) == "held\n")
      let error = try await openError(folder.path)
      #expect(error.code == .inUse)
      #expect(error.message.contains("pid \(holder.processIdentifier)"))
      #expect(!folder.exists(folder.database))
      try input.fileHandleForWriting.close()
      for await _ in ends {}
      try await LMDBStore(path: folder.path).close()
    }
  }

  @Test("A file that is no database, or was cut off, is damage: the store stays away from it")
  func garbage() async throws {
    for kind in ["empty", "short", "garbage", "half"] {
      try await TemporaryFolder.with { folder in
        try await fill(folder)
        let whole = try folder.bytes(of: folder.database)
        let damaged: [UInt8] =
          switch kind {
          case "empty": []
          case "short": Array(whole[..<60])
          case "garbage": [UInt8](repeating: 0x5A, count: 8_192)
          default: Array(whole[..<(whole.count / 2)])
          }
        try folder.write(damaged, to: folder.database)
        let error = try await openError(folder.path)
        #expect(error.code == .damaged, "\(kind)")
        #expect(error.message.contains(folder.database), "\(kind)")
        #expect(error.message.contains("move it away"), "\(kind)")
        #expect(error.message.contains("cut off") == (kind != "garbage"), "\(kind)")
        #expect(try folder.bytes(of: folder.database) == damaged, "\(kind)")
        try folder.write(whole, to: folder.database)
        let store = try await LMDBStore(path: folder.path)
        #expect(try await store.scan(.all, limit: .max).count == 2_000, "\(kind)")
        try await store.close()
      }
    }
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

  @Test("A folder of another engine is left alone")
  func otherEngine() async throws {
    try await TemporaryFolder.with { folder in
      try folder.write(Array("sqlite\n".utf8), to: "\(folder.path)/tombolo.engine")
      let error = try await openError(folder.path)
      #expect(error.code == .inaccessible)
      #expect(error.message.contains("type sqlite"))
      #expect(!folder.exists(folder.database))
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

  @Test("A file where the folder should be, or above it, is named", arguments: ["file", "file/below"])
  func fileInPlaceOfFolder(name: String) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write([1], to: "\(folder.path)/file")
      let error = try await openError("\(folder.path)/\(name)")
      #expect(error.code == .inaccessible)
      #expect(error.message.contains("\(folder.path)/\(name)"))
      #expect(error.message.contains("name another `path`"))
    }
  }

  @Test("A folder in place of the database is named")
  func folderInPlaceOfDatabase() async throws {
    try await TemporaryFolder.with { folder in
      try FileManager.default.createDirectory(atPath: folder.database, withIntermediateDirectories: false)
      let error = try await openError(folder.path)
      #expect(error.code == .inaccessible)
      #expect(error.message.contains(folder.database))
    }
  }

  @Test("A folder that cannot be written is named")
  func readOnlyFolder() async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder)
      guard mount(folder.path, folder.path, nil, UInt(MS_BIND), nil) == 0 else {
        Issue.record("mounting failed with errno \(errno): run the tests as root, as Tools/test does in CI")
        return
      }
      defer { umount2(folder.path, 2) }
      mount(nil, folder.path, nil, UInt(MS_BIND) | UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil)
      let error = try await openError(folder.path)
      #expect(error.code == .inaccessible)
      #expect(error.message.contains(folder.path))
    }
  }

  @Test("No message of a refusal holds a value")
  func noValuesInMessages() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(path: folder.path)
      let secret = "a secret value"
      try await store.commit { $0.put(Key("a"), Array(secret.utf8)) }
      let error = try await storeError {
        try await store.commit { batch in
          batch.checkAbsent(Key("a"))
          batch.put(Key("a"), Array(secret.utf8))
        }
      }
      #expect(!error.description.contains(secret))
      try await store.close()
    }
  }
}
