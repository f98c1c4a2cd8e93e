import Synchronization
import TomboloPorts
import TomboloStorage

/// A store in memory that fails, or waits, when it is told to.
final class ScriptedStore: KeyValueStore {
  private struct State {
    var failures: [StoreError] = []
    var isHeld = false
    var waiting: [CheckedContinuation<Void, Never>] = []
    var commitCount = 0
  }

  private let store: InMemoryStore
  private let state = Mutex(State())
  private let arrivals: AsyncStream<Void>.Continuation
  /// Tells of every commit that is held.
  let held: AsyncStream<Void>

  init(_ store: InMemoryStore = InMemoryStore()) {
    self.store = store
    (held, arrivals) = AsyncStream.makeStream(of: Void.self)
  }

  var capabilities: StoreCapabilities { store.capabilities }

  var commitCount: Int { state.withLock { $0.commitCount } }

  /// Makes the next commit throw this.
  func failNextCommit(_ error: StoreError) {
    state.withLock { $0.failures.append(error) }
  }

  /// Makes commits wait until `release`.
  func hold() {
    state.withLock { $0.isHeld = true }
  }

  func release() {
    let waiting = state.withLock { state in
      state.isHeld = false
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  func get(_ keys: [Key]) async throws -> [Record?] { try await store.get(keys) }

  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await store.scan(range, reverse: reverse, limit: limit)
  }

  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    let failure = state.withLock { state -> StoreError? in
      state.commitCount += 1
      return state.failures.isEmpty ? nil : state.failures.removeFirst()
    }
    if let failure { throw failure }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isHeld = state.withLock { state in
        if state.isHeld { state.waiting.append(continuation) }
        return state.isHeld
      }
      if isHeld { arrivals.yield() } else { continuation.resume() }
    }
    return try await store.commit(batches)
  }

  func close() async throws { try await store.close() }
}
