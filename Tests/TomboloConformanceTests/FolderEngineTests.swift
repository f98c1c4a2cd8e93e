import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@Suite("A store that is kept in a folder", .timeLimit(.minutes(10)))
struct FolderEngineTests {
  /// A closed store of 2,000 records.
  private func fill(_ folder: TemporaryFolder, _ engine: FolderEngine) async throws {
    let store = try await engine.open(folder.path, durability: .none)
    try await store.commit { batch in
      for index in 0..<2_000 { batch.put(Key("key \(index)"), [UInt8](repeating: UInt8(index % 251), count: 200)) }
    }
    try await store.close()
  }

  private func openError(_ engine: FolderEngine, _ path: String) async throws -> StoreError {
    try await storeError { _ = try await engine.open(path) }
  }

  @Test(
    "What was committed is there when the store is opened again", arguments: FolderEngine.allCases,
    StoreDurability.allCases)
  func reopen(engine: FolderEngine, durability: StoreDurability) async throws {
    try await TemporaryFolder.with { folder in
      let store = try await engine.open("\(folder.path)/a/b", durability: durability)
      let long = [UInt8](repeating: 3, count: 5_000)
      let revision = try await store.commit { batch in
        batch.put(Key("a"), long)
        batch.put(Key("empty"), [])
      }
      try await store.close()
      try await store.close()
      let again = try await engine.open("\(folder.path)/a/b", durability: durability)
      #expect(try await again.get(Key("a")) == Record(key: Key("a"), value: long, revision: revision))
      #expect(try await again.get([Key("empty"), Key("none")]).map { $0?.value } == [[], nil])
      try await again.close()
    }
  }

  @Test("What was committed is there when the store was let go without being closed", arguments: FolderEngine.allCases)
  func letGo(engine: FolderEngine) async throws {
    try await TemporaryFolder.with { folder in
      try await engine.open(folder.path).commit { $0.put(Key("a"), [1]) }
      let again = try await openWhenFree(engine, folder.path)
      #expect(try await again.value("a") == [1])
      try await again.close()
    }
  }

  /// A store that is let go releases its lock on threads of its own, a moment later.
  private func openWhenFree(_ engine: FolderEngine, _ path: String) async throws -> any KeyValueStore {
    while true {
      do {
        return try await engine.open(path)
      } catch let error as StoreError where error.code == .inUse {
        await Task.yield()
      }
    }
  }

  @Test(
    "A closed store leaves its data, its reserve, an unlocked lock, and nothing that others could read",
    arguments: FolderEngine.allCases)
  func filesAfterClose(engine: FolderEngine) async throws {
    try await TemporaryFolder.with { folder in
      let path = "\(folder.path)/some/where"
      let store = try await engine.open(path)
      try await store.commit { $0.put(Key("a"), [1]) }
      for file in try FileManager.default.contentsOfDirectory(atPath: path) {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(file)")
        #expect(attributes[.posixPermissions] as? Int == 0o600, "\(file)")
      }
      try await store.close()
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == engine.filesAfterClose)
    }
  }

  @Test(
    "A second store in this process is refused, and the message names this process", arguments: FolderEngine.allCases)
  func secondInProcess(engine: FolderEngine) async throws {
    try await TemporaryFolder.with { folder in
      let store = try await engine.open(folder.path)
      let error = try await openError(engine, folder.path + "/")
      #expect(error.code == .inUse)
      #expect(error.message.contains("another store object in this process (pid \(getpid()))"))
      try await store.commit { $0.put(Key("a"), [1]) }
      try await store.close()
      try await engine.open(folder.path).close()
    }
  }

  @Test(
    "A store held by another process is refused, and the message names that process", arguments: FolderEngine.allCases)
  func secondProcess(engine: FolderEngine) async throws {
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
      let error = try await openError(engine, folder.path)
      #expect(error.code == .inUse)
      #expect(error.message.contains("pid \(holder.processIdentifier)"))
      #expect(!folder.exists("\(folder.path)/\(engine.data)"))
      try input.fileHandleForWriting.close()
      for await _ in ends {}
      try await engine.open(folder.path).close()
    }
  }

  @Test("A folder of another engine is left alone", arguments: FolderEngine.allCases)
  func otherEngine(engine: FolderEngine) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write(Array("other\n".utf8), to: "\(folder.path)/tombolo.engine")
      let error = try await openError(engine, folder.path)
      #expect(error.code == .inaccessible)
      #expect(error.message.contains("type other"))
      #expect(!folder.exists("\(folder.path)/\(engine.data)"))
    }
  }

  @Test(
    "A file that is no database, or was cut off, is damage: the store stays away from it",
    arguments: [FolderEngine.sqlite, .lmdb])
  func garbage(engine: FolderEngine) async throws {
    for kind in ["empty", "short", "garbage", "half"] {
      try await TemporaryFolder.with { folder in
        let database = "\(folder.path)/\(engine.data)"
        try await fill(folder, engine)
        let whole = try folder.bytes(of: database)
        let damaged: [UInt8] =
          switch kind {
          case "empty": []
          case "short": Array(whole[..<60])
          case "garbage": [UInt8](repeating: 0x5A, count: 8_192)
          default: Array(whole[..<(whole.count / 2)])
          }
        try folder.write(damaged, to: database)
        let error = try await openError(engine, folder.path)
        #expect(error.code == .damaged, "\(kind)")
        #expect(error.message.contains(database), "\(kind)")
        #expect(error.message.contains("move it away"), "\(kind)")
        #expect(error.message.contains("cut off") == (kind != "garbage"), "\(kind)")
        #expect(try folder.bytes(of: database) == damaged, "\(kind)")
        try folder.write(whole, to: database)
        let store = try await engine.open(folder.path)
        #expect(try await store.scan(.all, limit: .max).count == 2_000, "\(kind)")
        try await store.close()
      }
    }
  }

  @Test(
    "A file where the folder should be, or above it, is named", arguments: FolderEngine.allCases,
    ["file", "file/below"])
  func fileInPlaceOfFolder(engine: FolderEngine, name: String) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write([1], to: "\(folder.path)/file")
      let error = try await openError(engine, "\(folder.path)/\(name)")
      #expect(error.code == .inaccessible)
      #expect(error.message.contains("\(folder.path)/\(name)"))
      #expect(error.message.contains("name another `path`"))
    }
  }

  @Test("A folder in place of the data is named", arguments: FolderEngine.allCases)
  func folderInPlaceOfData(engine: FolderEngine) async throws {
    try await TemporaryFolder.with { folder in
      let path = "\(folder.path)/\(engine.data)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      let error = try await openError(engine, folder.path)
      #expect(error.code == .inaccessible)
      #expect(error.message.contains(path))
    }
  }

  @Test("A folder that cannot be written is named, and stays as it is", arguments: FolderEngine.allCases)
  func readOnlyFolder(engine: FolderEngine) async throws {
    try await TemporaryFolder.with { folder in
      try await fill(folder, engine)
      guard mount(folder.path, folder.path, nil, UInt(MS_BIND), nil) == 0 else {
        Issue.record("mounting failed with errno \(errno): run the tests as root, as Tools/test does in CI")
        return
      }
      defer { umount2(folder.path, 2) }
      #expect(mount(nil, folder.path, nil, UInt(MS_BIND) | UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0)
      let error = try await openError(engine, folder.path)
      #expect(error.code == .inaccessible)
      #expect(error.message.contains(folder.path))
    }
  }
}
