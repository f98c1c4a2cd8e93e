import HTTPTypes
import TomboloPorts
import TomboloQueue

extension AgentProblem {
  /// What an error that came up while a request was answered means for whoever sent it.
  init(_ error: any Error) {
    switch error {
    case let problem as AgentProblem: self = problem
    case let error as JSONScanError: self = AgentProblem(.badRequest, .malformedJSON, "the body is not valid: \(error)")
    case let error as QueueError: self.init(error)
    case let error as StoreError: self.init(error)
    case is CancellationError:
      self.init(.serviceUnavailable, .stopping, "the agent is stopping; try again when it runs")
    default: self.init(.internalServerError, .internalError, "the agent failed; its log says why")
    }
    if status.code >= 500 { cause = error }
  }

  private init(_ error: QueueError) {
    // With several operations the queue names the field by its path, and the message only by its name.
    let detail =
      error.field.map { $0.contains(".") ? "\($0): \(error.message)" : error.message } ?? error.message
    switch error.code {
    case .invalidOperation: self.init(.badRequest, .invalidField, detail, field: error.field)
    case .payloadTooLarge: self.init(.contentTooLarge, .payloadTooLarge, detail, field: error.field)
    case .full: self.init(.insufficientStorage, .queueFull, detail, field: error.field)
    case .notFound: self.init(.notFound, .notFound, detail, field: "id")
    case .delivering:
      self.init(.conflict, .delivering, "the operation is being delivered right now: wait for the outcome", field: "id")
    case .wrongState: self.init(.conflict, .wrongState, detail)
    case .damaged:
      self.init(.internalServerError, .storeDamaged, "what is stored cannot be read; the agent's log says where")
    default: self.init(.internalServerError, .internalError, "the agent failed; its log says why")
    }
  }

  private init(_ error: StoreError) {
    switch error.code {
    case .outcomeUnknown:
      self.init(
        .serviceUnavailable, .outcomeUnknown,
        "the store failed in a way that leaves open whether the change was made: repeat the request with the same "
          + "idempotencyKey, which adds nothing if it was; without one, look at GET /v1/operations first")
    case .full:
      self.init(
        .insufficientStorage, .queueFull, "the store has no room left, and nothing was changed: free some space")
    case .valueTooLarge, .keyTooLong, .batchTooLarge:
      self.init(.contentTooLarge, .payloadTooLarge, "the request is larger than the store's limits: send it in parts")
    case .damaged, .inaccessible:
      self.init(.internalServerError, .storeDamaged, "the store cannot be used; the agent's log says why")
    case .closed:
      self.init(.serviceUnavailable, .stopping, "the agent is stopping; try again when it runs")
    default:
      self.init(.serviceUnavailable, .storeFailed, "the store failed, and nothing was changed: try again")
    }
  }
}

extension HTTPResponse.Status {
  /// 421 (RFC 9110, section 15.5.20).
  static let misdirected = HTTPResponse.Status(code: 421, reasonPhrase: "Misdirected Request")
  /// 507 (RFC 4918, section 11.5).
  static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}
