import Logging
import Testing
import TomboloPorts
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Whatever is done to a queue, what it stores keeps its own rules")
struct QueueModelTests {
  /// Does random things to a queue and checks after each step that the store is consistent and order was kept.
  @Test("random requests, settlements and time", arguments: 0..<20, PermanentFailurePolicy.allCases)
  func randomRequests(seed: Int, policy: PermanentFailurePolicy) async throws {
    try await randomRequests(seed: seed, policy: policy, isShared: false)
  }

  @Test("random requests of two processes that share a store", arguments: 0..<20, PermanentFailurePolicy.allCases)
  func sharedRequests(seed: Int, policy: PermanentFailurePolicy) async throws {
    try await randomRequests(seed: seed, policy: policy, isShared: true)
  }

  private func randomRequests(seed: Int, policy: PermanentFailurePolicy, isShared: Bool) async throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let time = ManualTimeSource()
    let store = InMemoryStore(capabilities: StoreCapabilities(isDurable: false, isShareable: isShared))
    var configuration = QueueConfiguration()
    configuration.onPermanentFailure = policy
    configuration.idempotencyRetention = .seconds(20)
    let ids = MonotonicOperationIDSource(random: SeededGenerator(seed: UInt64(seed) + 1))
    configuration.leaseDuration = .seconds(20)
    var queue = try await SyncQueue.open(store: store, configuration: configuration, time: time, ids: ids)
    let otherIDs = MonotonicOperationIDSource(random: SeededGenerator(seed: UInt64(seed) + 2))
    var other = try await SyncQueue.open(store: store, configuration: configuration, time: time, ids: otherIDs)
    var claimed: [(queue: SyncQueue, one: ClaimedOperation)] = []
    /// The last operation delivered for each key: later ones must be newer, unless put back by hand.
    var redriven: Set<OperationID> = []
    var lastDelivered: [OrderingKey: OperationID] = [:]
    var known: [OperationID] = []

    for step in 0..<100 {
      if isShared, Bool.random(using: &random) { swap(&queue, &other) }
      switch Int.random(in: 0..<10, using: &random) {
      case 0...3:
        let operations = (0..<Int.random(in: 1...3, using: &random)).map { index in
          Self.operation(time, index, after: known, &random)
        }
        for receipt in try await queue.enqueue(operations) { known.append(receipt.id) }
      case 4, 5: claimed += try await queue.claim(Int.random(in: 1...4, using: &random)).map { (queue, $0) }
      case 6, 7:
        guard !claimed.isEmpty else { break }
        let (claimer, one) = claimed.remove(at: Int.random(in: 0..<claimed.count, using: &random))
        let settlement = Self.settlement(one, time, &random)
        do {
          try await claimer.settle(one, settlement)
        } catch let error as QueueError where isShared && error.code == .leaseLost {
          claimer.putBack(one, nil, mayBeStored: true)
          break
        }
        if case .delivered = settlement, let key = one.orderingKey {
          if let last = lastDelivered[key], !redriven.contains(one.id) {
            #expect(last < one.id, "seed \(seed), step \(step): \(one.id) overtook \(last)")
          }
          lastDelivered[key] = max(one.id, lastDelivered[key] ?? one.id)
        }
      case 8 where Bool.random(using: &random):
        let scope =
          [Pause.Scope.queue, .kind("test"), .orderingKey("a"), .orderingKey("a", namespace: "n")]
          .randomElement(using: &random) ?? .queue
        if Bool.random(using: &random) {
          try await queue.pause(scope, reason: "random")
        } else {
          try await queue.resume(scope)
        }
        queue.activate(namespaces: Set(["n", "m"].filter { _ in Bool.random(using: &random) }))
        try await queue.bringBack(room: { _ in 1 }, returned: { _, _, _ in })
      case 8:
        guard let id = known.randomElement(using: &random) else { break }
        do {
          if Bool.random(using: &random) {
            try await queue.retry(id)
            redriven.insert(id)
          } else {
            try await queue.discard(id, reason: "random")
          }
        } catch let error as QueueError {
          #expect(error.code == .notFound || error.code == .delivering, "seed \(seed), step \(step): \(error)")
        }
      default:
        time.advance(by: .seconds(Int.random(in: 0...8, using: &random)))
        _ = try await queue.promote()
        if isShared, Bool.random(using: &random) { _ = try await queue.renew(claimed.map(\.one)) }
        if Int.random(in: 0..<6, using: &random) == 0 {
          // A new process on the same store: what was being delivered is there again.
          if !isShared { claimed = [] }
          queue = try await SyncQueue.open(store: store, configuration: configuration, time: time, ids: ids)
        }
      }
      var held: [ClaimedOperation] = []
      for (_, one) in claimed {
        guard let token = one.token else { held.append(one); continue }
        let record = try await store.get(QueueLayout.lease(one.id))
        if let record, try LeaseRecord(record.value).token == token { held.append(one) }
      }
      let keys = held.compactMap(\.orderingKey)
      #expect(Set(keys).count == keys.count, "seed \(seed), step \(step): two of one key at once")
      let problems = try await QueueAudit.problems(in: store)
      #expect(problems.isEmpty, "seed \(seed), step \(step): \(problems)")
      if !problems.isEmpty { return }
    }

    queue.activate(namespaces: ["n", "m"])
    if isShared { _ = try await queue.promote() }
    for pause in queue.pauses { try await queue.resume(pause.scope) }
    try await queue.bringBack(room: { _ in 1 }, returned: { _, _, _ in })
    // Once nothing fails any more, everything that is not held is delivered.
    for (claimer, one) in claimed {
      if isShared {
        // Deliveries that end without a word: their leases end by themselves.
        claimer.putBack(one, nil, mayBeStored: true)
      } else {
        try await claimer.settle(one, .delivered(attempt: 1))
      }
    }
    for _ in 0..<2_000 {
      time.advance(by: .seconds(30))
      _ = try await queue.promote()
      try await queue.bringBack(room: { _ in 16 }, returned: { _, _, _ in })
      let batch = try await queue.claim(16)
      for one in batch { try await queue.settle(one, .delivered(attempt: 1)) }
      if batch.isEmpty { break }
    }
    let status = try await queue.status()
    #expect(status.pending == 0 && status.retrying == 0, "seed \(seed): \(status)")
    // Whoever waits for one that is held waits on.
    if policy == .continue, status.parked + status.deadLettered == 0 {
      #expect(status.blocked == 0, "seed \(seed): \(status)")
    }
    #expect(try await QueueAudit.problems(in: store).isEmpty, "seed \(seed)")
  }

  private static func operation(
    _ time: ManualTimeSource, _ index: Int, after known: [OperationID], _ random: inout SeededGenerator
  ) -> NewOperation {
    var operation = NewOperation(
      kind: "test", payload: [UInt8](repeating: 7, count: Int.random(in: 0...9, using: &random)))
    operation.priority = OperationPriority.allCases.randomElement(using: &random) ?? .normal
    if Int.random(in: 0..<4, using: &random) > 0 {
      operation.orderingKey = ["a", "b", "c"].randomElement(using: &random)
    }
    if Int.random(in: 0..<4, using: &random) == 0 {
      operation.coalescingKey = ["x", "y"].randomElement(using: &random)
      operation.orderingKey = operation.coalescingKey == "x" ? "a" : nil
      operation.uniqueness = [nil, .keep, .append, .keepLatestWhileActive].randomElement(using: &random) ?? nil
    }
    if Int.random(in: 0..<4, using: &random) == 0 { operation.namespace = ["n", "m"].randomElement(using: &random) }
    for _ in 0..<2 where Int.random(in: 0..<6, using: &random) == 0 {
      if let id = known.randomElement(using: &random) { operation.after.append(.operation(id)) }
      if index > 0 { operation.after.append(.inBatch(0)) }
    }
    if Int.random(in: 0..<4, using: &random) == 0 {
      operation.idempotencyKey = ["1", "2", "3"].randomElement(using: &random)
    }
    if Int.random(in: 0..<5, using: &random) == 0 { operation.notBefore = time.now.advanced(by: .seconds(5)) }
    return operation
  }

  private static func settlement(
    _ claimed: ClaimedOperation, _ time: ManualTimeSource, _ random: inout SeededGenerator
  ) -> Settlement {
    let failure = DeliveryFailure(.upstreamFailed, "random")
    let due = time.now.advanced(by: .seconds(Int.random(in: 1...10, using: &random)))
    switch Int.random(in: 0..<12, using: &random) {
    case 0...3: return .delivered(attempt: 1)
    case 4, 5: return .retry(failure, due: due)
    case 6: return .snooze(failure, due: due)
    case 7: return .release(failure)
    case 8:
      return .redeliver(
        replacing: RemoteVersion(tag: "t", detail: "other"), payload: Bool.random(using: &random) ? [1, 2] : nil)
    case 9: return .park(failure, attempted: true)
    case 10: return .deadLetter(failure)
    default: return Bool.random(using: &random) ? .discard(reason: "random") : .expire
    }
  }
}
