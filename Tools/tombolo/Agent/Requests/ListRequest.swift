import HTTPTypes
import TomboloPorts
import TomboloQueue

/// The query of `GET /v1/operations`.
struct ListRequest {
  static let limits = 1...1_000

  var filter = OperationFilter()
  var limit = 100
  var cursor: OperationID?

  /// Reads `state`, `kind`, `orderingKey`, `limit` and `cursor`.
  init(query: String?) throws(AgentProblem) {
    let parameters = try QueryParameters(query, known: ["state", "kind", "orderingKey", "limit", "cursor"])
    if let name = parameters["state"] {
      let states = OperationState.allCases.filter { !$0.isGone }
      guard let state = states.first(where: { $0.rawValue == name }) else {
        let names = states.map(\.rawValue).joined(separator: ", ")
        throw Self.refusal("state", "is unknown: give one of \(names)")
      }
      filter.state = state
    }
    filter.kind = parameters["kind"]
    filter.orderingKey = parameters["orderingKey"]
    if let text = parameters["limit"] {
      guard let value = Int(text), Self.limits.contains(value) else {
        throw Self.refusal(
          "limit", "must be a whole number from \(Self.limits.lowerBound) to \(Self.limits.upperBound)")
      }
      limit = value
    }
    if let text = parameters["cursor"] {
      guard let id = OperationID(text) else { throw Self.refusal("cursor", "is none that a page before ended with") }
      cursor = id
    }
  }

  private static func refusal(_ name: String, _ detail: String) -> AgentProblem {
    AgentProblem(.badRequest, .invalidParameter, "\(name) \(detail)", field: name)
  }
}
