import Logging
import Synchronization

/// The generation that is in use, and those before it that somebody still uses.
///
/// A delivery that began with one generation ends with it. Whoever is the last to use a replaced one closes it.
///
///     current ── replaced, in use ──▶ retired ── last use ends ──▶ closed
///        └────── replaced, unused ────────────────────────────────▶ closed
final class LiveParts: Sendable {
  /// How many replaced generations may still be in use; each may hold connections.
  static let retiredCountMaximum = 16

  fileprivate struct Holding {
    var generation: Generation
    var useCount = 0
  }

  fileprivate struct State {
    var current: Int
    var holdings: [Int: Holding]
  }

  private let state: Mutex<State>
  private let logger: Logger

  init(_ first: Generation, logger: Logger) {
    state = Mutex(State(current: 0, holdings: [0: Holding(generation: first)]))
    self.logger = logger
  }

  /// The generation for what is neither awaited nor closed: a name, a number.
  var current: Generation? { state.withLock { $0.holdings[$0.current]?.generation } }

  /// Whether one more generation may be put in the place of the present one.
  var hasRoom: Bool { state.withLock { $0.holdings.count <= Self.retiredCountMaximum } }

  /// Runs `body` with the present generation, which stays open as long as that takes; `nil` once everything is closed.
  func use<Result: Sendable>(_ body: (Generation) async throws -> Result) async rethrows -> Result? {
    let taken = state.withLock { state -> (number: Int, generation: Generation)? in
      guard let generation = state.holdings[state.current]?.generation else { return nil }
      state.holdings[state.current]?.useCount += 1
      return (state.current, generation)
    }
    guard let taken else { return nil }
    let result: Result
    do {
      result = try await body(taken.generation)
    } catch {
      await ended(taken.number)
      throw error
    }
    await ended(taken.number)
    return result
  }

  /// Puts `next` in the place of the present generation: whatever begins from now on begins with it.
  func replace(with next: Generation) async {
    let idle = state.withLock { state -> Generation? in
      // Everything is closed already: nobody would close this one later.
      guard !state.holdings.isEmpty else { return next }
      let old = state.current
      state.current += 1
      state.holdings[state.current] = Holding(generation: next)
      return state.removeIfUnused(old)
    }
    await close(idle)
  }

  /// Closes every generation, the youngest first. Nothing may be in use any more.
  func close() async {
    let holdings = state.withLock { state in
      defer { state.holdings = [:] }
      return state.holdings.sorted { $0.key > $1.key }
    }
    for holding in holdings { await close(holding.value.generation) }
  }

  private func ended(_ number: Int) async {
    let idle = state.withLock { state -> Generation? in
      state.holdings[number]?.useCount -= 1
      return state.removeIfUnused(number)
    }
    await close(idle)
  }

  /// What cannot be closed is told, and holds nobody up: its successor is at work already.
  private func close(_ generation: Generation?) async {
    do {
      try await generation?.close()
    } catch {
      logger.warning("parts of the configuration before could not be closed", metadata: ["error": "\(error)"])
    }
  }
}

extension LiveParts.State {
  /// Takes a replaced generation out once nobody uses it.
  fileprivate mutating func removeIfUnused(_ number: Int) -> Generation? {
    guard number != current, let holding = holdings[number], holding.useCount == 0 else { return nil }
    holdings[number] = nil
    return holding.generation
  }
}
