import TomboloAgent
import TomboloPorts
import TomboloQueue

/// A queue that a command works on: the running agent's, or the one in the store itself.
///
/// Both answer in the words of the agent's interface, so that a person, and a script that reads `--json`, cannot tell which
/// it was but for what only an agent knows.
protocol QueueAccess: Sendable {
  /// - Parameter durability: what it has to have reached when this returns; `nil` for what the configuration says.
  func enqueue(_ operation: NewOperation, durability: StoreDurability?) async throws -> WireReceipt
  func status() async throws -> StatusReport
  /// One page, oldest first; `cursor` is the one the page before ended with.
  func page(_ filter: OperationFilter, cursor: String?, limit: Int) async throws -> WireOperationPage
  /// Throws a `QueueError` with `notFound`, or what the agent says then.
  func operation(_ id: OperationID) async throws -> OperationDocument
  func retry(_ id: OperationID) async throws -> WireReceipt
  /// Settles a conflict that an operation is parked for.
  func resolve(_ id: OperationID, with choice: ConflictChoice) async throws -> WireReceipt
  func discard(_ id: OperationID, reason: String) async throws -> WireReceipt
  /// Gives an operation that waits for a person another payload.
  func edit(_ id: OperationID, payload: [UInt8]) async throws
  /// How an operation ended; `nil` when nothing is known of that.
  func settled(_ id: OperationID) async throws -> WireSettledOperation?
  /// One page of what is gone, the operation that was enqueued last first.
  func history(_ filter: HistoryFilter, cursor: String?, limit: Int) async throws -> WireHistoryPage
  /// What is paused, the longest first.
  func pauses() async throws -> WirePauses
  func pause(_ scope: Pause.Scope, reason: String) async throws -> WirePauses
  func resume(_ scope: Pause.Scope) async throws -> WirePauses
}

extension QueueAccess {
  /// The most operations one page may hold, for either kind of access.
  static var pageLimit: Int { 1_000 }

  func enqueue(_ operation: NewOperation) async throws -> WireReceipt {
    try await enqueue(operation, durability: nil)
  }

  /// Up to `limit` operations that are gone, over as many pages as that takes; `cursor` is there when there may be more.
  func history(_ filter: HistoryFilter, limit: Int) async throws -> WireHistoryPage {
    var found = try await history(filter, cursor: nil, limit: min(limit, Self.pageLimit))
    while let cursor = found.cursor, found.operations.count < limit {
      let rest = min(limit - found.operations.count, Self.pageLimit)
      let next = try await history(filter, cursor: cursor, limit: rest)
      found.operations += next.operations
      found.cursor = next.cursor
    }
    return found
  }

  /// Up to `limit` operations, over as many pages as that takes; `cursor` is there when there may be more.
  func operations(_ filter: OperationFilter, limit: Int) async throws -> (found: [WireOperation], cursor: String?) {
    var found: [WireOperation] = []
    var cursor: String?
    repeat {
      let page = try await page(filter, cursor: cursor, limit: min(limit - found.count, Self.pageLimit))
      found += page.operations
      cursor = page.cursor
    } while cursor != nil && found.count < limit
    return (found, cursor)
  }
}
