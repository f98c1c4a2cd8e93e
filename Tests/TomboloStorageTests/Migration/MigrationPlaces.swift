import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

/// Keys in order: `key00000`, `key00001`, …
func name(_ index: Int) -> String {
  let digits = String(index)
  return "key" + String(repeating: "0", count: 5 - digits.count) + digits
}

func fill(_ store: any KeyValueStore, count: Int) async throws {
  let batches = (0..<count).map { index in
    Batch(mutations: [.put(Key(name(index)), [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: index % 300))])
  }
  for result in try await store.commit(batches) { _ = try result.get() }
}

func put(_ store: any KeyValueStore, _ key: String, _ value: [UInt8]) async throws {
  for result in try await store.commit([Batch(mutations: [.put(Key(key), value)])]) { _ = try result.get() }
}

struct Content: Hashable {
  var key: Key
  var value: [UInt8]
}

/// All records but those that storage keeps for itself.
func contents(_ store: any KeyValueStore) async throws -> [Content] {
  try await store.scan(.all, limit: .max)
    .filter { !$0.key.hasPrefix(ReservedKeys.prefix) }
    .map { Content(key: $0.key, value: $0.value) }
}

/// The error of a migration that must fail.
func failure(_ body: () async throws -> MigrationReport) async throws -> MigrationError {
  do {
    _ = try await body()
  } catch let error as MigrationError {
    return error
  }
  throw MissingFailure()
}

struct MissingFailure: Error {}

/// Runs a migration that ends after some commits.
func interrupt(_ source: any KeyValueStore, named name: String, _ target: any KeyValueStore, after commits: Int) async {
  await #expect(throws: StoreError.self) {
    _ = try await StoreMigration(from: source, named: name, to: FaultyStore(target, stoppingAfter: commits)).run()
  }
}

/// A store that does not keep what it was given.
final class Tampering: KeyValueStore {
  enum Kind: CaseIterable { case loses, changes, adds }

  private let inner: any KeyValueStore
  private let kind: Kind
  private let key: Key

  init(_ inner: any KeyValueStore, kind: Kind, key: Key) {
    self.inner = inner
    self.kind = kind
    self.key = key
  }

  var capabilities: StoreCapabilities { inner.capabilities }
  func get(_ keys: [Key]) async throws -> [Record?] { try await inner.get(keys) }
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await inner.scan(range, reverse: reverse, limit: limit)
  }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    try await inner.commit(
      batches.map { batch in
        var batch = batch
        guard batch.mutations.contains(where: { $0.key == key }) else { return batch }
        switch kind {
        case .loses: batch.delete(key)
        case .changes: batch.put(key, [0])
        case .adds: batch.put(Key(key.bytes + Array("+".utf8)), [0])
        }
        return batch
      })
  }
  func close() async throws { try await inner.close() }
}

/// A source that someone else writes to, after some reading.
final class Meddler: KeyValueStore {
  private let inner: any KeyValueStore
  private let scansBefore: Mutex<Int>

  init(_ inner: any KeyValueStore, scansBefore: Int) {
    self.inner = inner
    self.scansBefore = Mutex(scansBefore)
  }

  var capabilities: StoreCapabilities { inner.capabilities }
  func get(_ keys: [Key]) async throws -> [Record?] { try await inner.get(keys) }
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    let isNow = scansBefore.withLock { left in
      left -= 1
      return left == 0
    }
    if isNow { try await put(inner, name(0), [1, 2, 3]) }
    return try await inner.scan(range, reverse: reverse, limit: limit)
  }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] { try await inner.commit(batches) }
  func close() async throws { try await inner.close() }
}
