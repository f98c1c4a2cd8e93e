public import TomboloPorts

/// The one door to a store: batches handed in while a commit runs go into the next one together, so that many waiting
/// writers cost one flush. A lone writer commits at once, on its own task.
///
///     let door = GroupCommit(store)
///     let revision = try await door.commit(batch)
///
/// Batches are committed in the order they were handed in. A check that fails refuses its own batch alone.
public final class GroupCommit: Sendable {
  public let store: any KeyValueStore
  private let gatherer: Gatherer<Batch, Revision>

  /// - Parameters:
  ///   - batchCountMaximum: the most batches in one commit.
  ///   - byteCountMaximum: the most bytes of keys and values in one commit; a single batch may exceed it.
  public init(_ store: any KeyValueStore, batchCountMaximum: Int = 512, byteCountMaximum: Int = 8 * 1_024 * 1_024) {
    self.store = store
    gatherer = Gatherer(
      countMaximum: batchCountMaximum, weightMaximum: byteCountMaximum, weigh: { $0.byteCount }
    ) { batches in
      try await store.commit(batches).map { result in Result { try result.get() } }
    }
  }

  /// Returns once `batch` is applied and as durable as the store makes it. Cancellation does not withdraw it.
  ///
  /// Throws `StoreError` with `conflict` when a check did not hold, and whatever else the store reports.
  public func commit(_ batch: Batch) async throws -> Revision {
    try await gatherer.submit(batch)
  }
}

extension Batch {
  /// The bytes of all its keys and values.
  package var byteCount: Int {
    mutations.reduce(0) { sum, mutation in
      switch mutation {
      case .put(let key, let value): sum + key.bytes.count + value.count
      case .delete(let key): sum + key.bytes.count
      }
    }
  }
}
