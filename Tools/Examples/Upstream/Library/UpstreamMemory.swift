import Synchronization

/// What an upstream has accepted and how it is to behave. It outlives a server, so that one can stop and another go on
/// where it left off.
public final class UpstreamMemory: Sendable {
  /// What became of an operation that was to be accepted.
  public enum Acceptance: String, Codable, Hashable, Sendable {
    case accepted
    /// An operation with its idempotency key had been accepted before.
    case `repeat`
  }

  private struct State {
    var summary = UpstreamSummary()
    /// A ring once it is full: the oldest is at `oldest`.
    var operations: [ReceivedOperation] = []
    var oldest = 0
    /// Where in `operations` the operation with this idempotency key is.
    var positions: [String: Int] = [:]
    var behaviours: [UpstreamBehaviour] = []
  }

  private let state = Mutex(State())
  private let operationsMaximum: Int

  /// - Parameter operationsMaximum: how many operations are remembered; beyond it the oldest are forgotten.
  public init(operationsMaximum: Int = 100_000) {
    self.operationsMaximum = max(operationsMaximum, 1)
  }

  public var summary: UpstreamSummary { state.withLock { $0.summary } }

  /// The rules in force; the first that applies to a kind is followed.
  public var behaviours: [UpstreamBehaviour] {
    get { state.withLock { $0.behaviours } }
    set { state.withLock { $0.behaviours = newValue } }
  }

  /// What was accepted, in that order, without the first `offset`.
  public func received(offset: Int = 0, limit: Int = .max) -> [ReceivedOperation] {
    state.withLock { state in
      let count = state.operations.count
      let first = min(max(offset, 0), count)
      let last = first + min(max(limit, 0), count - first)
      return (first..<last).map { state.operations[(state.oldest + $0) % count] }
    }
  }

  /// Counts a request, and tells how to misbehave at it, if at all. Uses up one of the behaviour's times.
  func begin(kind: String) -> UpstreamBehaviour? {
    state.withLock { state in
      state.summary.requests += 1
      guard let index = state.behaviours.firstIndex(where: { $0.applies(to: kind) }) else { return nil }
      if let times = state.behaviours[index].times { state.behaviours[index].times = times - 1 }
      return state.behaviours[index]
    }
  }

  /// Remembers the operation, or counts it as a repeat. Its `sequence` is set here.
  func accept(_ operation: ReceivedOperation) -> Acceptance {
    state.withLock { state in
      if let key = operation.idempotencyKey, let position = state.positions[key] {
        state.operations[position].repeats += 1
        state.summary.repeats += 1
        return .repeat
      }
      state.summary.accepted += 1
      var operation = operation
      operation.sequence = state.summary.accepted
      let position = Self.place(operation, in: &state, operationsMaximum: operationsMaximum)
      if let key = operation.idempotencyKey { state.positions[key] = position }
      return .accepted
    }
  }

  private static func place(_ operation: ReceivedOperation, in state: inout State, operationsMaximum: Int) -> Int {
    guard state.operations.count >= operationsMaximum else {
      state.operations.append(operation)
      return state.operations.count - 1
    }
    let position = state.oldest
    if let forgotten = state.operations[position].idempotencyKey { state.positions[forgotten] = nil }
    state.summary.forgotten += 1
    state.operations[position] = operation
    state.oldest = (position + 1) % operationsMaximum
    return position
  }
}
