import HTTPTypes
import TomboloPorts
import TomboloQueue

/// The query of `GET /v1/operations`.
struct ListRequest {
  static let limits = 1...1_000

  var filter = OperationFilter()
  var limit = 100
  var cursor: OperationID?

  /// Reads `state`, `kind`, `orderingKey`, `namespace`, `limit` and `cursor`.
  init(query: String?) throws(AgentProblem) {
    let parameters = try QueryParameters(
      query, known: ["state", "kind", "orderingKey", "namespace", "limit", "cursor"])
    if let name = parameters["state"] {
      let states = OperationState.allCases.filter { !$0.isGone }
      guard let state = states.first(where: { $0.rawValue == name }) else {
        if let gone = OperationState(rawValue: name) {
          throw Self.refusal("state", "is of operations that are gone: ask GET /v1/history?state=\(gone.rawValue)")
        }
        let names = states.map(\.rawValue).joined(separator: ", ")
        throw Self.refusal("state", "is unknown: give one of \(names)")
      }
      filter.state = state
    }
    filter.kind = parameters["kind"]
    filter.orderingKey = parameters["orderingKey"]
    filter.namespace = parameters["namespace"]
    limit = try Self.limit(parameters) ?? limit
    cursor = try Self.cursor(parameters)
  }

  /// The value of `limit`; `nil` when it is not given.
  static func limit(_ parameters: QueryParameters) throws(AgentProblem) -> Int? {
    guard let text = parameters["limit"] else { return nil }
    guard let value = Int(text), limits.contains(value) else {
      throw refusal("limit", "must be a whole number from \(limits.lowerBound) to \(limits.upperBound)")
    }
    return value
  }

  /// The value of `cursor`; `nil` when it is not given.
  static func cursor(_ parameters: QueryParameters) throws(AgentProblem) -> OperationID? {
    guard let text = parameters["cursor"] else { return nil }
    guard let id = OperationID(text) else { throw refusal("cursor", "is none that a page before ended with") }
    return id
  }

  static func refusal(_ name: String, _ detail: String) -> AgentProblem {
    AgentProblem(.badRequest, .invalidParameter, "\(name) \(detail)", field: name)
  }
}
