import PreferencesExample
import Synchronization
import TomboloOffline
import TomboloPorts

/// Adds up the time of some part of the calls.
final class Stopwatch: Sendable {
  private let sum = Mutex(Duration.zero)

  var total: Duration { sum.withLock { $0 } }

  func time<Answer>(_ body: () async throws -> Answer) async rethrows -> Answer {
    let start = ContinuousClock().now
    defer {
      let taken = start.duration(to: ContinuousClock().now)
      sum.withLock { $0 += taken }
    }
    return try await body()
  }
}

/// A store whose commits are timed. Its reads are part of what the composite adds.
struct TimedStore: KeyValueStore {
  let base: any KeyValueStore
  let watch: Stopwatch

  var capabilities: StoreCapabilities { base.capabilities }
  func get(_ keys: [Key]) async throws -> [Record?] { try await base.get(keys) }
  func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await base.scan(range, reverse: reverse, limit: limit)
  }
  func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    try await watch.time { try await base.commit(batches) }
  }
  func close() async throws { try await base.close() }
}

/// The plain service, timed.
struct TimedServer: PreferencesServer {
  let base: InMemoryPreferencesServer
  let watch: Stopwatch

  func preferences(of userID: String) async throws -> ServerCopy<Preferences> {
    try await watch.time { try await base.preferences(of: userID) }
  }

  func apply(
    _ edit: some PreferencesEdit, idempotencyKey: String, editedAt: Timestamp?, replacing: RemoteVersion?
  ) async throws -> ServerCopy<Preferences> {
    try await watch.time {
      try await base.apply(edit, idempotencyKey: idempotencyKey, editedAt: editedAt, replacing: replacing)
    }
  }
}
