import Synchronization
import TomboloPorts
import TomboloStorage

/// A request on its way through the queue's door, with the answer once there is one.
final class SubmittedRequest: GatheredRequest {
  let request: QueueRequest
  let weight: Int
  private let outcome = Mutex<Result<QueueAnswer, any Error>?>(nil)

  init(_ request: QueueRequest) {
    self.request = request
    weight = request.weight
  }

  func answer(_ result: Result<QueueAnswer, any Error>) {
    outcome.withLock { $0 = result }
  }

  func fail(_ error: any Error) {
    answer(.failure(error))
  }

  /// To be asked for once.
  func result() throws -> QueueAnswer {
    guard let result = outcome.withLock({ $0.take() }) else { throw GathererError() }
    return try result.get()
  }
}

/// Several requests that go through the door together, each answered for itself.
final class SubmittedRequests: GatheredRequest {
  let requests: [QueueRequest]
  let weight: Int
  private let outcomes: Mutex<[Result<QueueAnswer, any Error>]> = Mutex([])

  init(_ requests: [QueueRequest]) {
    self.requests = requests
    weight = requests.reduce(0) { $0 + $1.weight }
  }

  /// - Parameter results: one for each request, in their order.
  func answer(_ results: [Result<QueueAnswer, any Error>]) {
    outcomes.withLock { $0 = results }
  }

  func fail(_ error: any Error) {
    answer(requests.map { _ in .failure(error) })
  }

  func results() -> [Result<QueueAnswer, any Error>] {
    let results = outcomes.withLock { $0 }
    return results.count == requests.count ? results : requests.map { _ in .failure(GathererError()) }
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
