import TomboloPorts

/// A store that notes for `StageClock` when each commit was entered and left, and what it had; all else is the store's own.
final class WatchedStore: KeyValueStore {
  private let base: any KeyValueStore
  let stages = StageClock()

  init(_ base: any KeyValueStore) { self.base = base }

  var capabilities: StoreCapabilities { base.capabilities }

  func get(_ keys: [Key]) async throws -> [Record?] {
    try await stages.reading { try await base.get(keys) }
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await stages.reading { try await base.scan(range, reverse: reverse, limit: limit) }
  }

  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    stages.enter(batches)
    defer { stages.leave() }
    return try await base.commit(batches)
  }

  func close() async throws { try await base.close() }
}
