import Synchronization
import TomboloPorts

@discardableResult
func put(_ store: any KeyValueStore, _ key: String, _ value: [UInt8]) async throws -> Revision {
  let results = try await store.commit([Batch(mutations: [.put(Key(key), value)])])
  guard let result = results.first else { throw MissingFailure() }
  return try result.get()
}

/// The error of something that must fail.
func failure<Value>(_ body: () async throws -> Value) async throws -> StoreError {
  do {
    _ = try await body()
  } catch let error as StoreError {
    return error
  }
  throw MissingFailure()
}

struct MissingFailure: Error {}

/// A store whose process ends after some commits: everything after them fails.
final class InterruptedStore: KeyValueStore {
  private let inner: any KeyValueStore
  private let commitsLeft: Mutex<Int>

  init(_ inner: any KeyValueStore, commitsLeft: Int) {
    self.inner = inner
    self.commitsLeft = Mutex(commitsLeft)
  }

  var capabilities: StoreCapabilities { inner.capabilities }
  func get(_ keys: [Key]) async throws -> [Record?] { try await inner.get(keys) }
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await inner.scan(range, reverse: reverse, limit: limit)
  }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    let isOver = commitsLeft.withLock { left in
      left -= 1
      return left < 0
    }
    if isOver { throw StoreError(.engine, "killed") }
    return try await inner.commit(batches)
  }
  func close() async throws { try await inner.close() }
}
