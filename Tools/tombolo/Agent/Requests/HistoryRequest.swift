import HTTPTypes
import TomboloPorts
import TomboloQueue

/// The query of `GET /v1/history`.
struct HistoryRequest {
  var filter = HistoryFilter()
  var limit = 100
  var cursor: OperationID?

  /// Reads `state`, `kind`, `limit` and `cursor`.
  init(query: String?) throws(AgentProblem) {
    let parameters = try QueryParameters(query, known: ["state", "kind", "limit", "cursor"])
    if let name = parameters["state"] {
      let states = OperationState.allCases.filter(\.isGone)
      guard let state = states.first(where: { $0.rawValue == name }) else {
        let names = states.map(\.rawValue).joined(separator: ", ")
        throw ListRequest.refusal("state", "is not one in which operations end: give one of \(names)")
      }
      filter.state = state
    }
    filter.kind = parameters["kind"]
    limit = try ListRequest.limit(parameters) ?? limit
    cursor = try ListRequest.cursor(parameters)
  }
}
