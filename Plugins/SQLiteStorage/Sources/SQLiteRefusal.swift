import Synchronization
import TomboloPorts

/// Remembers what makes a store refuse: that the database was found damaged, by whichever call came across it, or that a commit
/// failed whose outcome cannot be known.
///
/// Once damage was met every commit is refused: writing to a damaged database spreads the damage. Reading goes on, so that what
/// can be read can be copied elsewhere. After an unknown outcome reading is refused too: the journal may hold the commit or not, and
/// what a reader saw now could turn out otherwise when the database is opened again.
final class SQLiteRefusal: Sendable {
  private struct State {
    var damage: StoreError?
    var doubt: StoreError?
  }

  private let path: String
  private let state = Mutex(State())

  init(path: String) { self.path = path }

  func reading<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    if let doubt = state.withLock({ $0.doubt }) { throw doubt }
    return try await noting(body)
  }

  func writing<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    if let refusal = state.withLock({ $0.doubt ?? $0.damage }) { throw refusal }
    return try await noting(body)
  }

  private func noting<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as StoreError {
      state.withLock { state in
        if error.code == .damaged, state.damage == nil { state.damage = error }
        if error.code == .outcomeUnknown, state.doubt == nil { state.doubt = refusal(after: error) }
      }
      throw error
    }
  }

  private func refusal(after error: StoreError) -> StoreError {
    StoreError(
      .closed,
      "\(path): the store closed itself; whether the last commit was applied is known only when it is opened again: look at the "
        + "disk, and open it", cause: error)
  }
}
