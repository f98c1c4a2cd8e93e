import Foundation
import NIOHTTP1
import TomboloAgent
import TomboloPorts
import TomboloQueue

/// What is gone, what is paused, and other payloads.
extension AgentClient {
  func edit(_ id: OperationID, payload: [UInt8]) async throws {
    _ = try await ask(.PUT, "/v1/operations/\(id)/payload", body: payload)
  }

  func settled(_ id: OperationID) async throws -> WireSettledOperation? {
    try await askIfPresent("/v1/history/\(id)").map { try decode($0) }
  }

  func history(_ filter: HistoryFilter, cursor: String?, limit: Int) async throws -> WireHistoryPage {
    let query: KeyValuePairs<String, String?> = [
      "state": filter.state?.rawValue, "kind": filter.kind, "limit": "\(limit)", "cursor": cursor,
    ]
    return try await decode(ask(.GET, "/v1/history" + PercentEncoding.query(query)))
  }

  func pauses() async throws -> WirePauses {
    try await decode(ask(.GET, "/v1/pauses"))
  }

  func pause(_ scope: Pause.Scope, reason: String) async throws -> WirePauses {
    var fields = scope.fields
    fields["reason"] = reason
    return try await decode(ask(.PUT, "/v1/pauses", body: JSONText.encode(fields)))
  }

  func resume(_ scope: Pause.Scope) async throws -> WirePauses {
    let fields = scope.fields
    let query: KeyValuePairs<String, String?> = [
      "kind": fields["kind"], "orderingKey": fields["orderingKey"], "namespace": fields["namespace"],
    ]
    return try await decode(ask(.DELETE, "/v1/pauses" + PercentEncoding.query(query)))
  }
}

extension Pause.Scope {
  /// What names it on the wire; nothing for the whole queue.
  fileprivate var fields: [String: String] {
    switch self {
    case .queue: [:]
    case .kind(let kind): ["kind": kind]
    case .orderingKey(let key, let namespace):
      ["orderingKey": key].merging(namespace.map { ["namespace": $0] } ?? [:]) { $1 }
    }
  }
}
