import Foundation
import SQLiteStorage
import Testing
import TomboloPorts
import TomboloStorage

/// The engines that every promise of the queue is tested on.
enum TestEngine: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case memory
  case sqlite

  var testDescription: String { rawValue }

  /// Runs `body` with a place of its own for a store, and removes it.
  func withPlace<Value>(_ body: (TestPlace) async throws -> Value) async throws -> Value {
    switch self {
    case .memory: return try await body(TestPlace(memory: InMemoryStore(), path: nil))
    case .sqlite:
      let url = FileManager.default.temporaryDirectory.appendingPathComponent("tombolo-\(UUID().uuidString)")
      let result: Result<Value, any Error>
      do {
        result = .success(try await body(TestPlace(memory: nil, path: url.path)))
      } catch {
        result = .failure(error)
      }
      try FileManager.default.removeItem(at: url)
      return try result.get()
    }
  }
}

/// Where a store is kept, so that it can be opened again.
struct TestPlace: Sendable {
  var memory: InMemoryStore?
  var path: String?

  func open() async throws -> any KeyValueStore {
    if let path { return try await SQLiteStore(path: path, durability: .none) }
    return try #require(memory)
  }

  /// What a new process would find: a durable store is closed and opened.
  func reopen(_ store: any KeyValueStore) async throws -> any KeyValueStore {
    guard memory == nil else { return store }
    try await store.close()
    return try await open()
  }
}
