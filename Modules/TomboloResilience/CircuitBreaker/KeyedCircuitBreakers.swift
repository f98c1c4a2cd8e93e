private import Synchronization

/// A circuit breaker for each key, such as a host, with a bound on how many are remembered.
///
/// When there are too many, the closed one that was used longest ago is forgotten: it remembers nothing but an unfinished
/// window. Only when none is closed does the oldest open one go, and one that was isolated by hand goes last.
public final class KeyedCircuitBreakers<Key: Hashable & Sendable, C: Clock>: Sendable where C.Duration == Duration {
  private struct Entry {
    var breaker: CircuitBreaker<C>
    var usedAt: UInt64
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var useCount: UInt64 = 0
  }

  /// The most breakers that are kept.
  public let keyMaximum: Int
  private let make: @Sendable (Key) -> CircuitBreaker<C>
  private let state = Mutex(State())

  /// No breakers yet; `make` makes one for a key that is new.
  public init(keyMaximum: Int = 1_000, make: @escaping @Sendable (Key) -> CircuitBreaker<C>) {
    self.keyMaximum = max(1, keyMaximum)
    self.make = make
  }

  /// How many are remembered.
  public var count: Int { state.withLock { $0.entries.count } }

  /// The breaker of a key.
  public func breaker(for key: Key) -> CircuitBreaker<C> {
    state.withLock { state in
      state.useCount += 1
      if let entry = state.entries[key] {
        state.entries[key]?.usedAt = state.useCount
        return entry.breaker
      }
      if state.entries.count >= keyMaximum { forgetOne(&state.entries) }
      let breaker = make(key)
      state.entries[key] = Entry(breaker: breaker, usedAt: state.useCount)
      return breaker
    }
  }

  private func forgetOne(_ entries: inout [Key: Entry]) {
    let oldest = { (candidates: [Key: Entry]) in candidates.min { $0.value.usedAt < $1.value.usedAt }?.key }
    let closed = entries.filter { $0.value.breaker.state == .closed }
    let notIsolated = entries.filter { $0.value.breaker.state != .isolated }
    if let key = oldest(closed) ?? oldest(notIsolated) ?? oldest(entries) { entries[key] = nil }
  }
}
