import Synchronization
public import TomboloPorts

/// A store in memory: the twin of the durable ones for tests, and `type: memory` for what need not survive its process.
///
/// It keeps the contract of `KeyValueStore` to the letter, but for durability. No call waits for anything, and every
/// instance is a store of its own.
public final class InMemoryStore: KeyValueStore {
  private struct Entry {
    var value: [UInt8]
    var revision: Revision
  }

  private struct State {
    var entries = SortedMap<Key, Entry>()
    var lastRevision: UInt64 = 0
    var isClosed = false
  }

  public let capabilities: StoreCapabilities
  private let state = Mutex(State())

  /// An empty store. Give `capabilities` to try a layer against the limits of another engine.
  public init(capabilities: StoreCapabilities = StoreCapabilities(isDurable: false, isShareable: false)) {
    self.capabilities = capabilities
  }

  public func get(_ keys: [Key]) async throws -> [Record?] {
    try Task.checkCancellation()
    return try state.withLock { state in
      try Self.requireOpen(state)
      return keys.map { key in
        state.entries[key].map { Record(key: key, value: $0.value, revision: $0.revision) }
      }
    }
  }

  public func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try Task.checkCancellation()
    return try state.withLock { state in
      try Self.requireOpen(state)
      guard limit > 0, !range.isEmpty else { return [] }
      var records: [Record] = []
      state.entries.forEach(from: range.lower, to: range.upper, reverse: reverse) { key, entry in
        records.append(Record(key: key, value: entry.value, revision: entry.revision))
        return records.count < limit
      }
      return records
    }
  }

  public func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    try Task.checkCancellation()
    return try state.withLock { state in
      try Self.requireOpen(state)
      var mutationCount = 0
      return batches.map { batch in
        if let refusal = capabilities.refusal(of: batch, after: mutationCount) { return .refused(refusal) }
        for check in batch.checks {
          let actual = state.entries[check.key]?.revision
          guard actual == check.expected else {
            return .refused(.conflict(key: check.key, expected: check.expected, actual: actual))
          }
        }
        mutationCount += batch.mutations.count
        return .committed(Self.apply(batch.mutations, to: &state))
      }
    }
  }

  public func close() async throws {
    state.withLock { state in
      state.isClosed = true
      state.entries = SortedMap()
    }
  }

  private static func apply(_ mutations: [Mutation], to state: inout State) -> Revision {
    state.lastRevision += 1
    let revision = Revision(rawValue: state.lastRevision)
    for mutation in mutations {
      switch mutation {
      case .put(let key, let value): state.entries[key] = Entry(value: value, revision: revision)
      case .delete(let key): state.entries[key] = nil
      }
    }
    return revision
  }

  private static func requireOpen(_ state: State) throws {
    guard !state.isClosed else { throw StoreError(.closed, "the store in memory was closed") }
  }
}
