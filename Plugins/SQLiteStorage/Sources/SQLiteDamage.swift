import Synchronization
import TomboloPorts

/// Remembers that the database was found damaged, by whichever call came across it.
///
/// From then on every commit is refused: writing to a damaged database spreads the damage. Reading goes on, so that what can
/// be read can be copied elsewhere.
final class SQLiteDamage: Sendable {
  private let finding = Mutex<StoreError?>(nil)

  /// Throws what was found.
  func requireNone() throws {
    if let error = finding.withLock({ $0 }) { throw error }
  }

  /// Runs `body` and notes the damage that it meets.
  func noting<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as StoreError where error.code == .damaged {
      finding.withLock { if $0 == nil { $0 = error } }
      throw error
    }
  }
}
