import Synchronization
import TomboloPorts
import TomboloTesting

@testable import TomboloQueue

/// Checks the promises that show at the moment of a delivery, in one life.
final class CheckingHandler: OperationHandler {
  /// One call that has not ended.
  private struct Call {
    var number: Int
    var id: OperationID
    var key: OrderingKey?
    var coalescingKey: String?
    var token: UInt64?
  }

  private struct State {
    var underWay: [Call] = []
    var callCount = 0
    var limitedCount = 0
    var count = 0
    /// With one delivery at a time: what was ready when the last one ended.
    var readyBefore: [OperationID: OperationPriority]?
    var spreadUntil: @Sendable () -> Duration? = { nil }
    var excess: @Sendable () -> String? = { nil }
  }

  private let base: any OperationHandler
  private let ledger: QueueLedger
  private let world: SimulatedWorld
  private let concurrency: Int
  private let isStrictlyByPriority: Bool
  private let kindConcurrency: Int
  /// Whether leases may end while a handler is called: then only the tokens keep one delivery from settling for another.
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

  /// Hands in what tells of something in memory that has outgrown its bound.
  func onExcess(_ excess: @escaping @Sendable () -> String?) {
    state.withLock { $0.excess = excess }
  }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let key = OrderingKey(of: operation)
    let coalescingKey = operation.coalescingKey.map { QueueLayout.name($0, in: operation.namespace) }
    let isLimited = operation.kind == "limited"
    let limitedCount = state.withLock { state in
      if isLimited { state.limitedCount += 1 }
      return state.limitedCount
    }
    defer { if isLimited { state.withLock { $0.limitedCount -= 1 } } }
    if isLimited, limitedCount > kindConcurrency { ledger.note("\(limitedCount) of a kind at once") }
    let (call, others, count, readyBefore) = state.withLock { state in
      let others = state.underWay.filter {
        $0.id == operation.id || key != nil && $0.key == key
          || coalescingKey != nil && $0.coalescingKey == coalescingKey
      }
      state.count += 1
      state.callCount += 1
      let call = Call(
        number: state.callCount, id: operation.id, key: key, coalescingKey: coalescingKey,
        token: attempt.fencingToken)
      state.underWay.append(call)
      defer { state.readyBefore = nil }
      return (call, others, state.count, state.readyBefore)
    }
    for other in others where !isFenced || hasLease(call) && hasLease(other) {
      ledger.note(
        other.id == call.id
          ? "\(call.id) is delivered twice at once"
          : "\(call.id) is delivered beside \(other.id) of its ordering or coalescing key")
    }
    if count > concurrency { ledger.note("\(count) deliveries at once, \(concurrency) are allowed") }
    if let readyBefore { checkPriority(operation.id, readyBefore) }
    checkSpread(operation.id)
    if let excess = state.withLock({ $0.excess })() { ledger.note(excess) }
    ledger.begins(operation, attempt)
    let outcome: Result<DeliveryOutcome, any Error>
    do {
      outcome = .success(try await base.deliver(operation, attempt: attempt))
    } catch {
      outcome = .failure(error)
    }
    ledger.ends(operation, attempt, outcome)
    let isCalm = concurrency == 1 && isStrictlyByPriority && world.network.status.isOnline
    let ready = isCalm ? self.ready() : nil
    state.withLock { state in
      state.count -= 1
      state.underWay.removeAll { $0.number == call.number }
      state.readyBefore = ready
      state.readyBefore?[operation.id] = nil
    }
    return try outcome.get()
  }

  /// Whether the lease that the call was made with is the one on the disk; where nothing is leased there is nothing to lose.
  private func hasLease(_ call: Call) -> Bool {
    guard let token = call.token else { return true }
    guard let record = world.disk.record(QueueLayout.lease(call.id)) else { return false }
    return (try? LeaseRecord(record.value))?.token == token
  }

  /// What was ready when the last delivery ended, is ready still, and is more urgent must go first.
  private func checkPriority(_ id: OperationID, _ before: [OperationID: OperationPriority]) {
    let now = ready()
    guard world.network.status.isOnline, let own = now[id] else { return }
    for (other, priority) in before.sorted(by: { $0.key < $1.key }) where now[other] == priority && priority < own {
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
      for record in QueueLayout.readyRanges(priority).flatMap({ world.disk.records(in: $0) }) {
        if let id = QueueLayout.trailingID(record.key) { ready[id] = priority }
      }
    }
    return ready
  }
}
