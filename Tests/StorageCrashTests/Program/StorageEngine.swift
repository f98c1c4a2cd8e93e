import FileStorage
import LMDBStorage
import SQLiteStorage
import TomboloPorts

/// The engines that are killed under load. An engine is added here, and nowhere else.
enum StorageEngine: String, CaseIterable, Sendable {
  case file
  case sqlite
  case lmdb

  /// Whether several processes may have one store open.
  var canBeShared: Bool { self != .file }

  func open(path: String, durability: StoreDurability, isShared: Bool = false) async throws -> any KeyValueStore {
    switch self {
    case .file: try await FileStore(path: path, durability: durability)
    case .sqlite: try await SQLiteStore(path: path, durability: durability, isShared: isShared)
    case .lmdb: try await LMDBStore(path: path, durability: durability, isShared: isShared)
    }
  }
}
