import CLMDB
import CSQLite
import FileStorage
import LMDBStorage
import SQLiteStorage
package import TomboloPorts

/// An engine that is measured, and its floor.
package enum BenchmarkEngine: String, CaseIterable, Codable, Sendable {
  case file, sqlite, lmdb

  /// The libraries below the engines, with their versions.
  package static let libraries: [String] = [
    "SQLite \(String(cString: sqlite3_libversion()))",
    "LMDB \(MDB_VERSION_MAJOR).\(MDB_VERSION_MINOR).\(MDB_VERSION_PATCH)",
  ]

  /// The engine as the queue uses it, every commit flushed.
  package func store(in folder: String, durability: StoreDurability = .full) async throws -> any KeyValueStore {
    switch self {
    case .file: try await FileStore(path: folder, durability: durability)
    case .sqlite: try await SQLiteStore(path: folder, durability: durability)
    case .lmdb: try await LMDBStore(path: folder, durability: durability)
    }
  }

  /// The engine for keys and values, the shortest way.
  func recordsFloor(in folder: String) throws -> any RecordsFloor {
    switch self {
    case .file: try AppendRecordsFloor(path: "\(folder)/records.journal")
    case .sqlite: try SQLiteRecordsFloor(path: "\(folder)/records.sqlite")
    case .lmdb: try LMDBRecordsFloor(path: "\(folder)/records.lmdb")
    }
  }

  /// What the engine can do at best: bare appends, or its C interface used the shortest way, every commit flushed.
  func floor(in folder: String, payload: [UInt8]) throws -> any Floor {
    switch self {
    case .file: try AppendFloor(path: "\(folder)/floor.journal", payload: payload)
    case .sqlite: try SQLiteFloor(path: "\(folder)/floor.sqlite", payload: payload)
    case .lmdb: try LMDBFloor(path: "\(folder)/floor.lmdb", payload: payload)
    }
  }
}
