import TomboloPorts
import TomboloStorage

/// A request on its way through the queue's door, with the answer once there is one.
///
/// Safety: the answer is written by whoever processes the group, before its caller is told to go on, and read by the caller after that.
final class SubmittedRequest: GatheredRequest, @unchecked Sendable {
  let request: QueueRequest
  let weight: Int
  var seat = GathererSeat()
  private var outcome: Result<QueueAnswer, any Error>?

  init(_ request: QueueRequest) {
    self.request = request
    weight = request.weight
  }

  func answer(_ result: Result<QueueAnswer, any Error>) {
    outcome = result
  }

  func fail(_ error: any Error) {
    answer(.failure(error))
  }

  /// To be asked for once.
  func result() throws -> QueueAnswer {
    guard let result = outcome.take() else { throw GathererError() }
    return try result.get()
  }
}

/// Several requests that go through the door together, each answered for itself.
///
/// Safety: as of one.
final class SubmittedRequests: GatheredRequest, @unchecked Sendable {
  let requests: [QueueRequest]
  let weight: Int
  var seat = GathererSeat()
  private var outcomes: [Result<QueueAnswer, any Error>] = []

  init(_ requests: [QueueRequest]) {
    self.requests = requests
    weight = requests.reduce(0) { $0 + $1.weight }
  }

  /// - Parameter results: one for each request, in their order.
  func answer(_ results: [Result<QueueAnswer, any Error>]) {
    outcomes = results
  }

  func fail(_ error: any Error) {
    answer(requests.map { _ in .failure(error) })
  }

  func results() -> [Result<QueueAnswer, any Error>] {
    outcomes.count == requests.count ? outcomes : requests.map { _ in .failure(GathererError()) }
  }
}

extension QueueRequest {
  /// How many changes it makes, roughly: what bounds a group.
  fileprivate var weight: Int {
    switch self {
    case .enqueue(let operations, let companion, _): 4 * operations.count + companion.mutations.count
    case .rewrite(let ids, let companion, _): 4 * ids.count + companion.mutations.count
    case .promote, .prune: 1_024
    case .setAside(let operations, _), .lease(let operations, _), .renew(let operations, _): 4 * operations.count
    case .bringBack(_, let limit): 4 * limit
    case .add, .settle, .redrive, .resolve, .discard, .sweep, .refill, .pause, .resume, .giveBack, .edit: 4
    }
  }
}
