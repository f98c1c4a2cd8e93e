import Synchronization
import TomboloPorts

/// Lets something else happen while a scan is under way.
final class InterruptedStore: KeyValueStore {
  typealias Interruption = @Sendable () async throws -> Void

  private let base: any KeyValueStore
  private let interruption = Mutex<Interruption?>(nil)

  init(_ base: any KeyValueStore) {
    self.base = base
  }

  var capabilities: StoreCapabilities { base.capabilities }

  /// Runs `body` during the next scan, once.
  func interruptNextScan(_ body: @escaping Interruption) {
    interruption.withLock { $0 = body }
  }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    let records = try await base.scan(range, reverse: reverse, limit: limit)
    let body = interruption.withLock { interruption in
      defer { interruption = nil }
      return interruption
    }
    try await body?()
    return records
  }

  func get(_ keys: [Key]) async throws -> [Record?] { try await base.get(keys) }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] { try await base.commit(batches) }
  func close() async throws { try await base.close() }
}
