import HTTPTypes
import Hummingbird
import TomboloPorts
import TomboloQueue

/// What is gone, what is paused, and what waits for an ordering key.
extension AgentResponder {
  /// `GET /v1/history`.
  func history(_ request: Request) async throws -> Response {
    let wanted = try HistoryRequest(query: request.uri.query)
    let page = try await parts.queue.history(wanted.filter, after: wanted.cursor, limit: wanted.limit)
    return try Self.json(WireHistoryPage(page))
  }

  /// `GET /v1/history/{id}`.
  func settled(_ id: OperationID) async throws -> Response {
    guard let settled = try await parts.queue.settled(id) else {
      let isKept = parts.queue.configuration.historyRetention > .zero
      throw AgentProblem(
        .notFound, .notFound,
        isKept
          ? "nothing is known of how operation \(id) ended: it is not gone, was never here, or ended longer ago than "
            + "queue.history says"
          : "nothing is kept of operations that are gone: set queue.history to how long it should be", field: "id")
    }
    return try Self.json(WireSettledOperation(settled))
  }

  /// `GET /v1/pauses`.
  func pauses(_ request: Request) async throws -> Response {
    try Self.json(WirePauses(parts.queue.pauses))
  }

  /// `PUT /v1/pauses`.
  func pause(_ request: Request) async throws -> Response {
    let wanted = try PauseRequest(try await body(of: request))
    try await parts.queue.pause(wanted.scope, reason: wanted.reason)
    return try Self.json(WirePauses(parts.queue.pauses))
  }

  /// `DELETE /v1/pauses`, with `?kind=`, with `?orderingKey=` and perhaps `&namespace=`, or without anything for the whole queue.
  func resume(_ request: Request) async throws -> Response {
    let parameters = try QueryParameters(request.uri.query, known: ["kind", "orderingKey", "namespace"])
    let scope = try PauseRequest.scope(
      kind: parameters["kind"], orderingKey: parameters["orderingKey"], namespace: parameters["namespace"])
    try await parts.queue.resume(scope)
    return try Self.json(WirePauses(parts.queue.pauses))
  }

  /// `GET /v1/line?orderingKey=`.
  func line(_ request: Request) async throws -> Response {
    let parameters = try QueryParameters(request.uri.query, known: ["orderingKey", "namespace"])
    guard let key = parameters["orderingKey"] else {
      throw AgentProblem(
        .badRequest, .invalidParameter, "orderingKey is missing: GET /v1/line?orderingKey=…", field: "orderingKey")
    }
    let line = try await parts.queue.line(key, namespace: parameters["namespace"])
    return try Self.json(
      WireLine(
        orderingKey: key, namespace: parameters["namespace"], count: line.count, head: line.head.map { describe($0) }))
  }
}
