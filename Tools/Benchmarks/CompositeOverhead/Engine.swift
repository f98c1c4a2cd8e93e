import FileStorage
import LMDBStorage
import SQLiteStorage
import TomboloPorts
import TomboloStorage

/// Where the documents and the queue are.
enum Engine: String, CaseIterable {
  case memory, file, sqlite, lmdb

  func open(_ path: String) async throws -> any KeyValueStore {
    switch self {
    case .memory: InMemoryStore()
    case .file: try await FileStore(path: path)
    case .sqlite: try await SQLiteStore(path: path)
    case .lmdb: try await LMDBStore(path: path)
    }
  }
}
