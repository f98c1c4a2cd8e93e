import Synchronization
import TomboloPorts
import TomboloTesting

@testable import TomboloQueue

/// Checks the promises that show at the moment of a delivery, in one life.
final class CheckingHandler: OperationHandler {
  private struct State {
    var underWay: [OperationID: OrderingKey] = [:]
    var limitedCount = 0
    var count = 0
    /// With one delivery at a time: what was ready when the last one ended.
    var readyBefore: [OperationID: OperationPriority]?
    var spreadUntil: @Sendable () -> Duration? = { nil }
  }

  private let base: any OperationHandler
  private let ledger: QueueLedger
  private let world: SimulatedWorld
  private let concurrency: Int
  private let isStrictlyByPriority: Bool
  private let kindConcurrency: Int
  /// Whether a wall clock that jumps may end leases early: then only the tokens keep one delivery from settling for another.
  private let isFenced: Bool
  private let state = Mutex(State())

  init(
    base: any OperationHandler, ledger: QueueLedger, world: SimulatedWorld, concurrency: Int,
    isStrictlyByPriority: Bool, kindConcurrency: Int, isFenced: Bool
  ) {
    self.isFenced = isFenced
    self.kindConcurrency = kindConcurrency
    self.isStrictlyByPriority = isStrictlyByPriority
    self.base = base
    self.ledger = ledger
    self.world = world
    self.concurrency = concurrency
  }

  var upstream: String { base.upstream }

  /// Hands in where the worker says until when what is not critical waits after an outage.
  func onSpread(_ spreadUntil: @escaping @Sendable () -> Duration?) {
    state.withLock { $0.spreadUntil = spreadUntil }
  }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let key = OrderingKey(of: operation)
    let isLimited = operation.kind == "limited"
    let limitedCount = state.withLock { state in
      if isLimited { state.limitedCount += 1 }
      return state.limitedCount
    }
    defer { if isLimited { state.withLock { $0.limitedCount -= 1 } } }
    if isLimited, limitedCount > kindConcurrency { ledger.note("\(limitedCount) of a kind at once") }
    let (isShared, count, readyBefore) = state.withLock { state in
      let isShared = key != nil && state.underWay.values.contains { $0 == key }
      state.count += 1
      state.underWay[operation.id] = key
      defer { state.readyBefore = nil }
      return (isShared, state.count, state.readyBefore)
    }
    if isShared, !isFenced { ledger.note("\(operation.id) is delivered beside another of its ordering key") }
    if count > concurrency { ledger.note("\(count) deliveries at once, \(concurrency) are allowed") }
    if let readyBefore { checkPriority(operation.id, readyBefore) }
    checkSpread(operation.id)
    ledger.begins(operation, attempt)
    let outcome: Result<DeliveryOutcome, any Error>
    do {
      outcome = .success(try await base.deliver(operation, attempt: attempt))
    } catch {
      outcome = .failure(error)
    }
    ledger.ends(operation, attempt: attempt.number, outcome)
    let isCalm = concurrency == 1 && isStrictlyByPriority && world.network.status.isOnline
    let ready = isCalm ? self.ready() : nil
    state.withLock { state in
      state.count -= 1
      state.underWay[operation.id] = nil
      state.readyBefore = ready
      state.readyBefore?[operation.id] = nil
    }
    return try outcome.get()
  }

  /// What was ready when the last delivery ended, is ready still, and is more urgent must go first.
  private func checkPriority(_ id: OperationID, _ before: [OperationID: OperationPriority]) {
    let now = ready()
    guard world.network.status.isOnline, let own = now[id] else { return }
    for (other, priority) in before where now[other] == priority && priority < own {
      ledger.note("\(id) of priority \(own) goes before \(other) of \(priority)")
    }
  }

  /// After an outage only what is critical starts before the moment that was drawn. What was taken just before is no matter.
  private func checkSpread(_ id: OperationID) {
    guard let until = state.withLock({ $0.spreadUntil })(), until > world.time.uptime,
      world.network.status.isOnline, world.time.uptime - world.network.changedAt > .seconds(5),
      let priority = ready()[id], priority != .critical
    else { return }
    ledger.note("\(id) of priority \(priority) starts at \(world.time.uptime), before its moment at \(until)")
  }

  private func ready() -> [OperationID: OperationPriority] {
    var ready: [OperationID: OperationPriority] = [:]
    for priority in OperationPriority.allCases {
      for record in world.disk.records(in: QueueLayout.readyRange(priority)) {
        if let id = QueueLayout.trailingID(record.key) { ready[id] = priority }
      }
    }
    return ready
  }
}
