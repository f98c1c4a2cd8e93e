import Synchronization
import TomboloPorts

/// What an upstream has taken, on its way to be stored. Less than a `Delivery`, the rest of which its own task lets go of meanwhile.
struct DeliveredOperation: Sendable {
  var claimed: ClaimedOperation
  var attemptNumber: Int
  /// Where its place, here and at its upstream, stays taken until it is stored.
  var placeKept: Delivery?

  var settlement: Settlement { .delivered(attempt: attemptNumber) }
}

/// What was delivered is stored by one task of the run for all: it is woken when there is something, takes what there is, and goes on
/// while more comes; a second one when there is a whole batch meanwhile. Whoever delivers leaves it with them and goes on with the
/// next, so that an operation costs neither a place in the queue's door nor a task that waits there. Once the run is cancelled
/// whoever delivers stores.
extension SyncWorker {
  /// The upstream has taken it.
  func finishDelivered(_ delivery: Delivery) async {
    if hasNetwork { _ = await network?.report(.answered) }
    // One in a line keeps its place for the next of it, which cannot start before this one is stored: given on, the place would go
    // to something less urgent. For what waits for it by `after` no place is kept.
    let keepsPlace = delivery.claimed.orderingKey != nil
    let delivered = DeliveredOperation(
      claimed: delivery.claimed, attemptNumber: delivery.attempt.number, placeKept: keepsPlace ? delivery : nil)
    let now = time.uptime
    let (isRoomMade, storing) = state.withLock { state in
      state.gate.succeeded(upstream: delivery.upstream)
      if !keepsPlace {
        state.leave(delivery, .judged, at: now)
        state.givenOnCount += 1
      }
      state.delivered.append(delivered)
      return (!keepsPlace && state.gate.concurrency > 1, state.storing)
    }
    if isRoomMade { queue.workArrived.signal() }
    switch storing {
    case .underWay: break
    case .due: storers.0.signal()
    case .batchDue:
      // Whoever of them is at it already finds nothing to do then.
      storers.0.signal()
      storers.1.signal()
    case .byWhoDelivers: await withDiscardingTaskGroup { await storeDelivered(&$0) }
    }
  }

  /// Stores what is delivered each time that `signal` comes, until the task is cancelled.
  func storeDelivered(when signal: WakeSignal) async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        await signal.wait()
        await storeDelivered(&group)
      }
      // From now on whoever delivers stores it.
      state.withLock { $0.hasStorers = false }
      await storeDelivered(&group)
    }
  }

  private func storeDelivered(_ group: inout DiscardingTaskGroup) async {
    guard state.withLock({ $0.beginsStoring() }) else { return }
    while true {
      // Those whose handlers are about to answer come along.
      if expectsCompany { await Task.yield() }
      let batch = state.withLock { $0.takeDelivered() }
      guard !batch.isEmpty else { return }
      let failures = await queue.settle(batch)
      storedDelivered(failures.isEmpty ? batch : batch.indices.filter { failures[$0] == nil }.map { batch[$0] })
      for (index, failure) in failures.sorted(by: { $0.key < $1.key }) {
        let delivered = batch[index]
        // By a task of its own: the others need not wait for it.
        group.addTask {
          await self.settleAgain(delivered.claimed, delivered.settlement, after: failure)
          self.deliveredEnded([delivered])
        }
      }
    }
  }

  /// Whether more than what is delivered may be stored with it.
  private var expectsCompany: Bool {
    state.withLock { state in
      state.storingCount == 1 && state.delivered.count < min(state.inFlightCount, state.storedTogetherMaximum)
    }
  }

  private func storedDelivered(_ stored: [DeliveredOperation]) {
    guard !stored.isEmpty else { return }
    state.withLock { $0.summary.delivered += stored.count }
    deliveredEnded(stored)
  }

  /// Nothing more is to be done for these.
  private func deliveredEnded(_ ended: [DeliveredOperation]) {
    let now = time.uptime
    let isLast = state.withLock { state in
      for one in ended {
        if let delivery = one.placeKept { state.leave(delivery, .judged, at: now) } else { state.givenOnCount -= 1 }
        state.ended(one.claimed)
      }
      state.watchdog.progressed(at: now)
      return state.inFlightCount == 0
    }
    if isLast { idle.signal() }
    queue.workArrived.signal()
  }
}

extension SyncWorker.State {
  /// The most that are stored together: as many as are asked at once, so that while one half of what is in flight is being
  /// stored, the other half is under way.
  fileprivate var storedTogetherMaximum: Int { min(gate.concurrency, 256) }

  /// Who is to see to what is delivered.
  ///
  /// The second one comes with a whole batch while the first is being stored, and waits at the queue's door: so it goes into the next
  /// commit, however many enqueue meanwhile.
  fileprivate var storing: Storing {
    guard hasStorers else { return .byWhoDelivers }
    if storingCount == 0 { return .due }
    return storingCount == 1 && delivered.count >= storedTogetherMaximum ? .batchDue : .underWay
  }

  fileprivate enum Storing {
    case underWay
    case due
    case batchDue
    case byWhoDelivers
  }

  /// Whether one more is to see to what is delivered, who then counts as doing so.
  fileprivate mutating func beginsStoring() -> Bool {
    guard !delivered.isEmpty, storingCount == 0 || storingCount == 1 && delivered.count >= storedTogetherMaximum
    else { return false }
    storingCount += 1
    return true
  }

  /// The next that are to be stored; when there is none, or another sees to what is no whole batch, this one does no longer.
  fileprivate mutating func takeDelivered() -> [DeliveredOperation] {
    let maximum = storedTogetherMaximum
    guard !delivered.isEmpty, storingCount == 1 || delivered.count >= maximum else {
      storingCount -= 1
      return []
    }
    var batch: [DeliveredOperation] = []
    if delivered.count <= maximum {
      // Room for as many as come next, and no copy.
      batch.reserveCapacity(delivered.count)
      swap(&batch, &delivered)
    } else {
      batch = Array(delivered.prefix(maximum))
      delivered.removeFirst(maximum)
    }
    return batch
  }
}
