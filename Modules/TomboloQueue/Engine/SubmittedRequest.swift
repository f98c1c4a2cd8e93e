import TomboloPorts
import TomboloStorage

/// What one caller asks for on its way through the queue's door, one request or several, with the answer to each once there is one.
///
/// Safety: the outcomes are written by whoever processes the group, before its caller is told to go on, and read by the caller after that.
/// So no two look at them at once, nor at the seat, and that need not be checked each time.
final class SubmittedRequest: GatheredRequest, @unchecked Sendable {
  let weight: Int
  @exclusivity(unchecked) var seat = GathererSeat()
  /// `nil` where there are several.
  private let request: QueueRequest?
  private let requests: [QueueRequest]
  @exclusivity(unchecked) private var outcome: Result<QueueAnswer, any Error>?
  @exclusivity(unchecked) private var outcomes: [Result<QueueAnswer, any Error>]

  private static let noAnswer = Result<QueueAnswer, any Error>.failure(GathererError())

  init(_ request: QueueRequest) {
    self.request = request
    (requests, outcomes) = ([], [])
    weight = request.weight
  }

  /// Several that go through the door together, each answered for itself.
  init(_ requests: [QueueRequest]) {
    request = nil
    self.requests = requests
    outcomes = Array(repeating: Self.noAnswer, count: requests.count)
    weight = requests.reduce(0) { $0 + $1.weight }
  }

  /// One of them, for whoever processes it.
  struct Part {
    let request: QueueRequest
    fileprivate let submitted: SubmittedRequest
    fileprivate let place: Int?

    /// Of the last attempt; it counts once the group is through.
    var outcome: Result<QueueAnswer, any Error> {
      get { if let place { submitted.outcomes[place] } else { submitted.outcome ?? noAnswer } }
      nonmutating set {
        if let place { submitted.outcomes[place] = newValue } else { submitted.outcome = newValue }
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
    if let request { return parts.append(Part(request: request, submitted: self, place: nil)) }
    for (place, request) in requests.enumerated() {
      parts.append(Part(request: request, submitted: self, place: place))
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
