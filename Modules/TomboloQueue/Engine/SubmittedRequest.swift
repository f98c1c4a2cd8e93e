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

  func result() throws -> QueueAnswer {
    guard let result = outcome.withLock({ $0 }) else { throw GathererError() }
    return try result.get()
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
    case .settle, .redrive, .resolve, .discard, .sweep, .refill, .pause, .resume, .giveBack, .edit: 4
    }
  }
}
