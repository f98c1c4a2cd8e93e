import TomboloAgent
import TomboloPorts
import TomboloQueue

/// What is gone, what is paused, and other payloads.
extension DirectQueue {
  func edit(_ id: OperationID, payload: [UInt8]) async throws {
    try await queue.edit(id, payload: payload)
  }

  func settled(_ id: OperationID) async throws -> WireSettledOperation? {
    try await queue.settled(id).map { WireSettledOperation($0) }
  }

  func history(_ filter: HistoryFilter, cursor: String?, limit: Int) async throws -> WireHistoryPage {
    WireHistoryPage(try await queue.history(filter, after: cursor.flatMap { OperationID($0) }, limit: limit))
  }

  func pauses() async throws -> WirePauses { WirePauses(queue.pauses) }

  func pause(_ scope: Pause.Scope, reason: String) async throws -> WirePauses {
    try await queue.pause(scope, reason: reason)
    return WirePauses(queue.pauses)
  }

  func resume(_ scope: Pause.Scope) async throws -> WirePauses {
    try await queue.resume(scope)
    return WirePauses(queue.pauses)
  }
}
