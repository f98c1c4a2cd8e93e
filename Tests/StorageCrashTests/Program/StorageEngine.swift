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
    // Who waits for SQLite's lock looks every tenth of a second, and beside another who writes all the time may find it taken for very
    // long where flushes are slow.
    case .sqlite:
      try await SQLiteStore(
        path: path, durability: durability, busyTimeout: .seconds(isShared ? 300 : 5), isShared: isShared)
    case .lmdb: try await LMDBStore(path: path, durability: durability, isShared: isShared)
    }
  }
}
