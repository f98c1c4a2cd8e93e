import Synchronization
public import TomboloPorts

/// A store that fails when it is told to, in front of one that works.
///
///     let store = FaultyStore(InMemoryStore())
///     store.onCommit { number, _ in number == 3 ? .refused(StoreError(.engine, "the third one fails")) : nil }
public final class FaultyStore: KeyValueStore {
  /// How a commit fails.
  public enum CommitFault: Sendable {
    /// Nothing was applied, and this error is thrown.
    case refused(StoreError)
    /// Everything was applied, and `outcomeUnknown` is thrown.
    case unanswered
  }

  public typealias CommitRule = @Sendable (_ number: Int, _ batches: [Batch]) async -> CommitFault?
  public typealias ReadRule = @Sendable (_ number: Int) async throws -> Void

  private struct State {
    var commitCount = 0
    var readCount = 0
    var commitRule: CommitRule = { _, _ in nil }
    var readRule: ReadRule = { _ in }
  }

  private let base: any KeyValueStore
  private let state = Mutex(State())

  public init(_ base: any KeyValueStore) {
    self.base = base
  }

  /// A store whose process ends, as far as writing goes: after `commitCount` commits every other one fails with `engine`, and
  /// nothing of it is applied.
  public convenience init(_ base: any KeyValueStore, stoppingAfter commitCount: Int) {
    self.init(base)
    onCommit { number, _ in number > commitCount ? .refused(StoreError(.engine, "stopped on purpose")) : nil }
  }

  public var capabilities: StoreCapabilities { base.capabilities }

  /// How often it was asked to commit.
  public var commitCount: Int { state.withLock { $0.commitCount } }

  /// Asks `rule` before every commit from now on; the first one has the number 1. A rule may wait before it answers.
  public func onCommit(_ rule: @escaping CommitRule) {
    state.withLock { state in
      state.commitRule = rule
      state.commitCount = 0
    }
  }

  /// Asks `rule` before every read from now on, which throws what the rule throws; the first one has the number 1.
  public func onRead(_ rule: @escaping ReadRule) {
    state.withLock { state in
      state.readRule = rule
      state.readCount = 0
    }
  }

  /// Works from now on.
  public func heal() {
    onCommit { _, _ in nil }
    onRead { _ in }
  }

  public func get(_ keys: [Key]) async throws -> [Record?] {
    try await read()
    return try await base.get(keys)
  }

  public func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
    try await read()
    return try await base.scan(range, reverse: reverse, limit: limit)
  }

  public func commit(_ batches: [Batch]) async throws -> [BatchResult] {
    let (rule, number) = state.withLock { state in
      state.commitCount += 1
      return (state.commitRule, state.commitCount)
    }
    switch await rule(number, batches) {
    case .refused(let error): throw error
    case .unanswered:
      _ = try await base.commit(batches)
      throw StoreError(.outcomeUnknown, "the answer to commit \(number) was lost")
    case nil: return try await base.commit(batches)
    }
  }

  public func close() async throws {
    try await base.close()
  }

  private func read() async throws {
    let (rule, number) = state.withLock { state in
      state.readCount += 1
      return (state.readRule, state.readCount)
    }
    try await rule(number)
  }
}
