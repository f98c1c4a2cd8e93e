private import Synchronization
public import TomboloPorts

/// The outside of a simulated world: it notes what it accepted and, as the seed decides, answers, refuses, stays silent,
/// or acts and loses its answer.
///
/// A process reaches it through `SimulatedProcess.handler`, or asks it directly in a handler of its own.
public final class SimulatedUpstream: Sendable {
  /// One operation the outside accepted. A repeat is accepted again.
  public struct Acceptance: Hashable, Sendable {
    public var operation: SyncOperation
    /// On the monotonic clock of the world.
    public var at: Duration
  }

  private let environment: SimulationEnvironment
  private let network: SimulatedNetwork
  private let random: Mutex<SeededGenerator>
  private let accepted = Mutex<[Acceptance]>([])

  init(environment: SimulationEnvironment, network: SimulatedNetwork, seed: UInt64) {
    self.environment = environment
    self.network = network
    random = Mutex(SeededGenerator(seed: seed))
  }

  /// What was accepted, in order.
  public var acceptances: [Acceptance] { accepted.withLock { $0 } }

  /// One attempt, as a handler would make it.
  public func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    try await pause(milliseconds: 0...200)
    guard network.status.isOnline else {
      environment.note("upstream unreachable for \(operation.id)")
      return .retry(after: nil, DeliveryFailure(.unreachable, "no route in the simulated network"))
    }
    let faults = environment.faults
    guard draw(faults.deliveryFaultChance) else {
      accept(operation)
      try await pause(milliseconds: 0...200)
      return .delivered
    }
    switch random.withLock({ Int.random(in: 0..<16, using: &$0) }) {
    case 0...3: return .retry(after: nil, DeliveryFailure(.upstreamFailed, "the simulated upstream failed"))
    case 4: return .retry(after: seconds(1...120), DeliveryFailure(.throttled, "not so often"))
    case 5: return .snooze(for: seconds(1...600), DeliveryFailure(.upstreamFailed, "not now"))
    case 6:
      if draw(0.3) { return .suspend(for: seconds(1...600), DeliveryFailure(.unauthorized, "who are you?")) }
      return .retry(after: nil, DeliveryFailure(.unreachable, "connection reset"))
    case 7:
      let offset = random.withLock { Int64.random(in: -60_000...60_000, using: &$0) }
      // Not every upstream tells when its version was written.
      let modifiedAt = offset % 4 == 0 ? nil : operation.enqueuedAt.advanced(by: .milliseconds(offset))
      return .conflict(RemoteVersion(tag: "t", modifiedAt: modifiedAt, payload: [7], detail: "another version"))
    case 8: return .reject(DeliveryFailure(.refused, "never"))
    case 9: return .park(DeliveryFailure(.unknownKind, "a person must look"))
    case 10: throw SimulationFailure("the simulated handler threw")
    case 11:
      // Acts, and the answer is lost.
      accept(operation)
      return .retry(after: nil, DeliveryFailure(.unreachable, "the connection broke before the answer"))
    case 12:
      // Hangs until it is cancelled.
      try await environment.time.sleep(for: .seconds(24 * 3_600))
      return .retry(after: nil, DeliveryFailure(.timeout, "hung"))
    case 13:
      // Acts, and then hangs.
      accept(operation)
      try await environment.time.sleep(for: .seconds(24 * 3_600))
      return .delivered
    case 14:
      // Answers though it was cancelled.
      do {
        try await environment.time.sleep(for: seconds(1...120))
      } catch {
        accept(operation)
        return .delivered
      }
      accept(operation)
      return .delivered
    default:
      try await pause(milliseconds: 0...25_000)
      accept(operation)
      return .delivered
    }
  }

  private func accept(_ operation: SyncOperation) {
    environment.note("upstream accepted \(operation.id)")
    let acceptance = Acceptance(operation: operation, at: environment.time.uptime)
    accepted.withLock { $0.append(acceptance) }
  }

  private func draw(_ chance: Double) -> Bool {
    chance > 0 && random.withLock { Double.random(in: 0..<1, using: &$0) } < chance
  }

  private func seconds(_ range: ClosedRange<Int>) -> Duration {
    .seconds(random.withLock { Int.random(in: range, using: &$0) })
  }

  private func pause(milliseconds range: ClosedRange<Int>) async throws {
    let milliseconds = random.withLock { Int.random(in: range, using: &$0) }
    try await environment.time.sleep(for: .milliseconds(milliseconds))
  }
}
