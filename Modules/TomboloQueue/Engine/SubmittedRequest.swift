import TomboloPorts
import TomboloStorage

/// What one caller asks for on its way through the queue's door, one request or several, with the answer to each once there is one.
///
/// Safety: the outcomes are written by whoever processes the group, before its caller is told to go on, and read by the caller after that.
/// So no two look at them at once, nor at the seat, and that need not be checked each time.
final class SubmittedRequest: GatheredRequest, @unchecked Sendable {
  let weight: Int
  /// What at least one of its requests has.
  fileprivate let traits: QueueRequest.Traits
  @exclusivity(unchecked) var seat = GathererSeat()
  private let asked: Asked
  /// Where there is one.
  @exclusivity(unchecked) private var outcome: Result<QueueAnswer, any Error>?
  /// Where there are several.
  @exclusivity(unchecked) private var outcomes: [Result<QueueAnswer, any Error>]

  private enum Asked {
    case one(QueueRequest)
    case several([QueueRequest])
  }

  private static let noAnswer = Result<QueueAnswer, any Error>.failure(GathererError())

  init(_ request: QueueRequest) {
    asked = .one(request)
    outcomes = []
    weight = request.weight
    traits = request.traits
  }

  /// Several that go through the door together, each answered for itself.
  init(_ requests: [QueueRequest]) {
    asked = .several(requests)
    outcomes = Array(repeating: Self.noAnswer, count: requests.count)
    weight = requests.reduce(0) { $0 + $1.weight }
    traits = requests.reduce([]) { $0.union($1.traits) }
  }

  /// One of them, for whoever processes it.
  struct Part {
    fileprivate let submitted: SubmittedRequest
    fileprivate let place: Int

    /// Looked up each time: kept here as well, references to it would be counted once more.
    var request: QueueRequest {
      switch submitted.asked {
      case .one(let request): request
      case .several(let requests): requests[place]
      }
    }

    /// What it has, and what those have that came with it.
    var traits: QueueRequest.Traits { submitted.traits }

    /// Of the last attempt; it counts once the group is through.
    var outcome: Result<QueueAnswer, any Error> {
      get { submitted.outcomes.isEmpty ? submitted.outcome ?? noAnswer : submitted.outcomes[place] }
      nonmutating set {
        if submitted.outcomes.isEmpty { submitted.outcome = newValue } else { submitted.outcomes[place] = newValue }
      }
    }

    var hasFailed: Bool {
      if case .failure = outcome { return true }
      return false
    }

    func answer(_ answer: QueueAnswer) { outcome = .success(answer) }
    func fail(_ error: any Error) { outcome = .failure(error) }
  }

  func append(to parts: inout [Part]) {
    switch asked {
    case .one: parts.append(Part(submitted: self, place: 0))
    case .several(let requests):
      for place in requests.indices { parts.append(Part(submitted: self, place: place)) }
    }
  }

  func fail(_ error: any Error) {
    outcome = .failure(error)
    for place in outcomes.indices { outcomes[place] = .failure(error) }
  }

  /// Where there is one.
  func result() throws -> QueueAnswer {
    // Not copied, so it can be asked for once.
    guard let result = outcome.take() else { throw GathererError() }
    return try result.get()
  }

  /// Where there are several.
  func results() -> [Result<QueueAnswer, any Error>] { outcomes }
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
