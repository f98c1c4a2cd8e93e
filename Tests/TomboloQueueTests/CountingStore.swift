import Synchronization
import TomboloPorts

/// Counts what passes.
final class CountingStore: KeyValueStore {
  private struct State {
    var readCount = 0
    var puts: [Key] = []
    var deletes: [Key] = []
    var durabilities: [StoreDurability?] = []
  }

  private let base: any KeyValueStore
  private let state = Mutex(State())

  init(_ base: any KeyValueStore) {
    self.base = base
  }

  var capabilities: StoreCapabilities { base.capabilities }
  var readCount: Int { state.withLock { $0.readCount } }
  var puts: [Key] { state.withLock { $0.puts } }
  var deletes: [Key] { state.withLock { $0.deletes } }
  /// What each commit was asked to reach.
  var durabilities: [StoreDurability?] { state.withLock { $0.durabilities } }
  var mutationCount: Int { state.withLock { $0.puts.count + $0.deletes.count } }
  func reset() { state.withLock { $0 = State() } }

  func get(_ keys: [Key]) async throws -> [Record?] {
    let records = try await base.get(keys)
    state.withLock { $0.readCount += keys.count }
    return records
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    let records = try await base.scan(range, reverse: reverse, limit: limit)
    state.withLock { $0.readCount += records.count + 1 }
    return records
  }

  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    state.withLock { state in
      state.durabilities += batches.map(\.durability)
      for mutation in batches.flatMap(\.mutations) {
        switch mutation {
        case .put(let key, _): state.puts.append(key)
        case .delete(let key): state.deletes.append(key)
        }
      }
    }
    return try await base.commit(batches)
  }

  func close() async throws { try await base.close() }
}
