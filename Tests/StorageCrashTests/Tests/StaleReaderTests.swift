import CLMDB
import Testing
import TomboloPorts
import TomboloTesting

@testable import storage_load

@Suite("An LMDB reader whose process was killed")
struct StaleReaderTests {
  @Test("is cleared by the next opening, although another program has the database open all the time")
  func cleared() async throws {
    try await TemporaryFolder.with { folder in
      let path = "\(folder.path)/store"
      #expect(try await LoadProcess(arguments(path, round: 0, commitCount: 1)).finish() == 0)
      // As long as somebody has it open, LMDB itself keeps its table of readers as it is.
      let watcher = try Watcher(path: "\(path)/tombolo.lmdb")
      let killed = try LoadProcess(arguments(path, round: 1, commitCount: 1_000_000))
      #expect(await killed.line() == "ready")
      await killed.kill()
      #expect(watcher.readers.contains(killed.identifier))
      #expect(try await LoadProcess(arguments(path, round: 2, commitCount: 1)).finish() == 0)
      #expect(!watcher.readers.contains(killed.identifier))
    }
  }

  private func arguments(_ path: String, round: Int, commitCount: Int) -> [String] {
    ["--engine", "lmdb", "--path", path, "--durability", "none", "--round", "\(round)", "--commits", "\(commitCount)"]
  }

  /// Another program's look at the database.
  private final class Watcher {
    private let environment: OpaquePointer

    init(path: String) throws {
      var created: OpaquePointer?
      try #require(mdb_env_create(&created) == 0)
      environment = try #require(created)
      try #require(mdb_env_open(environment, path, UInt32(MDB_NOSUBDIR | MDB_RDONLY), 0o600) == 0)
    }

    deinit { mdb_env_close(environment) }

    /// The processes in the table of readers.
    var readers: Set<Int32> {
      var text = ""
      withUnsafeMutablePointer(to: &text) { text in
        _ = mdb_reader_list(
          environment,
          { message, context in
            guard let message, let context else { return 0 }
            context.assumingMemoryBound(to: String.self).pointee += String(cString: message)
            return 0
          }, text)
      }
      return Set(text.split(separator: "\n").compactMap { $0.split(separator: " ").first.flatMap { Int32($0) } })
    }
  }
}
