import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Whatever a store fails at, nothing is lost and nothing is done twice", .timeLimit(.minutes(10)))
struct FailingStoreModelTests {
  @Test("Commits that are refused, and commits whose answer is lost", arguments: 0..<30)
  func randomFaults(seed: Int) async throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let faults = Mutex(SeededGenerator(seed: UInt64(seed) + 1_000))
    let base = InMemoryStore()
    let store = FaultyStore(base)
    let test = try await TestQueue.open(store)
    store.onCommit { _, _ in
      switch faults.withLock({ Int.random(in: 0..<8, using: &$0) }) {
      case 0: .refused(StoreError(.full, "no room"))
      case 1: .unanswered
      default: nil
      }
    }
    var acknowledged: Set<OperationID> = []
    var delivered: [OperationID] = []
    var claimed: [(operation: ClaimedOperation, settlement: Settlement, isRepeat: Bool)] = []

    for step in 0..<150 {
      switch Int.random(in: 0..<6, using: &random) {
      case 0, 1:
        var operation = NewOperation(kind: "test", payload: [UInt8](repeating: 1, count: step % 5))
        operation.priority = OperationPriority.allCases.randomElement(using: &random) ?? .normal
        operation.orderingKey = [nil, "a", "b"].randomElement(using: &random) ?? nil
        do {
          acknowledged.insert(try await test.queue.enqueue(operation).id)
        } catch is StoreError {
          // Nothing was promised.
        }
      case 2:
        let due = test.time.now.advanced(by: .seconds(Int.random(in: 1...5, using: &random)))
        for one in try await test.queue.claim(Int.random(in: 1...3, using: &random)) {
          let settlement: Settlement =
            switch Int.random(in: 0..<6, using: &random) {
            case 0: .retry(TestQueue.failure, due: due)
            case 1: .snooze(TestQueue.failure, due: due)
            case 2: .release(TestQueue.failure)
            case 3: .redeliver(replacing: RemoteVersion(detail: "x"), payload: [9, 9, 9])
            default: .delivered(attempt: 1)
            }
          claimed.append((one, settlement, false))
        }
      case 3, 4:
        guard !claimed.isEmpty else { break }
        let index = Int.random(in: 0..<claimed.count, using: &random)
        do {
          let one = claimed[index]
          try await test.queue.settle(one.operation, one.settlement, isRepeat: one.isRepeat)
          if case .delivered = one.settlement { delivered.append(one.operation.id) }
          claimed.remove(at: index)
        } catch is StoreError {
          claimed[index].isRepeat = true
        }
      default:
        test.time.advance(by: .seconds(2))
        do { _ = try await test.queue.promote() } catch is StoreError {
          // Tried again by the next one.
        }
      }
      let problems = try await QueueAudit.problems(in: base)
      #expect(problems.isEmpty, "seed \(seed), step \(step): \(problems)")
      if !problems.isEmpty { return }
    }

    store.heal()
    for one in claimed {
      try await test.queue.settle(one.operation, one.settlement, isRepeat: one.isRepeat)
      if case .delivered = one.settlement { delivered.append(one.operation.id) }
    }
    for _ in 0..<20 {
      test.time.advance(by: .seconds(10))
      try await test.worker.drain()
    }
    delivered += test.handler.calls.map(\.operation.id)
    #expect(Set(delivered).count == delivered.count, "seed \(seed): something was delivered twice")
    #expect(acknowledged.isSubset(of: delivered), "seed \(seed): something was lost")
    let status = try await test.queue.status()
    #expect(status.waiting == 0 && status.byteCount == 0, "seed \(seed): \(status)")
    #expect(status.delivered == delivered.count, "seed \(seed)")
    #expect(try await QueueAudit.problems(in: base).isEmpty, "seed \(seed)")
  }
}
