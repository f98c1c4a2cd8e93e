import TomboloPorts

/// Says who commits, so that what is applied to the disk can be told to be somebody's, and lets that process stall or die.
struct HolderStore: KeyValueStore {
  /// The queue whose commit is being applied.
  @TaskLocal static var holder: String?

  private let base: any KeyValueStore
  private let fate: HolderFate

  init(_ base: any KeyValueStore, fate: HolderFate) {
    self.base = base
    self.fate = fate
  }

  var capabilities: StoreCapabilities { base.capabilities }
  func get(_ keys: [Key]) async throws -> [Record?] {
    try await fate.meet()
    return try await base.get(keys)
  }
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await fate.meet()
    return try await base.scan(range, reverse: reverse, limit: limit)
  }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    try await fate.meet()
    let results = try await Self.$holder.withValue(fate.holder) { try await base.commit(batches) }
    // It has the leases that it asked for, and does not come to use them for a while.
    try await fate.meet(isLeasing: batches.contains { $0.isLeasing })
    return results
  }
  func close() async throws { try await base.close() }
}
