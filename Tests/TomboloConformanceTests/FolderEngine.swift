import FileStorage
import LMDBStorage
import SQLiteStorage
import TomboloPorts

/// An engine that keeps its store in a folder, by the word of the config.
enum FolderEngine: String, CaseIterable, Sendable {
  case file, sqlite, lmdb

  func open(_ path: String, durability: StoreDurability = .full) async throws -> any KeyValueStore {
    switch self {
    case .file: try await FileStore(path: path, durability: durability)
    case .sqlite: try await SQLiteStore(path: path, durability: durability)
    case .lmdb: try await LMDBStore(path: path, durability: durability)
    }
  }

  /// The file with the records, in a small store.
  var data: String {
    switch self {
    case .file: "journal-000000000001"
    case .sqlite: "tombolo.sqlite"
    case .lmdb: "tombolo.lmdb"
    }
  }

  /// What a closed store leaves behind, sorted.
  var filesAfterClose: [String] {
    let own = self == .file ? ["acknowledged", data] : [data]
    return (own + ["tombolo.engine", "tombolo.lock", "tombolo.reserve"]).sorted()
  }
}
