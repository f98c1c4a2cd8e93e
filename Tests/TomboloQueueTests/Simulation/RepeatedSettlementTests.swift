import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

/// What the simulated world found, told without it.
@Suite("A settlement whose answer was lost", .timeLimit(.minutes(10)))
struct RepeatedSettlementTests {
  private let store = FaultyStore(InMemoryStore())
  private let time = ManualTimeSource()
  private let failure = DeliveryFailure(.upstreamFailed, "no luck")

  private func open() async throws -> SyncQueue {
    try await SyncQueue.open(
      store: store, time: time, ids: MonotonicOperationIDSource(random: SeededGenerator(seed: 1)))
  }

  /// Settles, and the answer of the store is lost.
  private func settleUnanswered(_ queue: SyncQueue, _ claimed: ClaimedOperation, _ settlement: Settlement) async {
    store.onCommit { number, _ in number == 1 ? .unanswered : nil }
    await #expect(throws: StoreError.self) { try await queue.settle(claimed, settlement) }
    store.heal()
  }

  /// Seed 234: the conflict was resolved for the local version, the answer of that commit was lost, and a claim in between
  /// read the ready index again, without what is being delivered.
  @Test("An operation to be delivered again after a conflict is delivered again", arguments: [nil, "a"])
  func redeliver(orderingKey: String?) async throws {
    let queue = try await open()
    let id = try await queue.enqueue(NewOperation(kind: "test", priority: .low, orderingKey: orderingKey)).id
    let claimed = try #require(try await queue.claim(1).first)
    let settlement = Settlement.redeliver(replacing: RemoteVersion(detail: "other"), payload: nil)
    await settleUnanswered(queue, claimed, settlement)
    #expect(try await queue.claim(1).isEmpty)
    try await queue.settle(claimed, settlement, isRepeat: true)
    #expect(try await queue.claim(1).map(\.id) == [id])
  }

  @Test(
    "An operation given back meanwhile stands where the store has it",
    arguments: [nil, "a"], [PutBackCase.retry, .deadLetter, .delivered])
  func putBack(orderingKey: String?, what: PutBackCase) async throws {
    let queue = try await open()
    let id = try await queue.enqueue(NewOperation(kind: "test", orderingKey: orderingKey)).id
    let claimed = try #require(try await queue.claim(1).first)
    let due = time.now.advanced(by: .seconds(60))
    let settlement: Settlement =
      switch what {
      case .retry: .retry(failure, due: due)
      case .deadLetter: .deadLetter(failure)
      case .delivered: .delivered(attempt: 1)
      }
    await settleUnanswered(queue, claimed, settlement)
    #expect(try await queue.claim(1).isEmpty)
    // The worker is cancelled, and another one goes on with the same queue.
    queue.putBack(claimed, nil, mayBeStored: true)
    #expect(try await queue.claim(1).isEmpty)
    time.advance(by: .seconds(61))
    _ = try await queue.promote()
    let again = try await queue.claim(1)
    #expect(again.map(\.id) == (what == .retry ? [id] : []))
    for one in again { try await queue.settle(one, .delivered(attempt: 2)) }
    #expect(try await QueueAudit.problems(in: store).isEmpty)
  }

  /// Seed 70: an enqueue was stored and its answer lost, and nobody told the worker.
  @Test("An enqueue whose answer was lost wakes the worker: what it stored is delivered")
  func enqueueUnanswered() async throws {
    let test = try await TestQueue.open(store)
    try await test.whileRunning {
      try await test.add("first")
      while try await test.queue.status().delivered == 0 { await Task.yield() }
      // The worker has seen that there is no more, and waits.
      while test.queue.workArrived.isSignalled || test.worker.inFlightCount > 0 { await Task.yield() }
      for _ in 0..<1_000 { await Task.yield() }
      store.onCommit { number, _ in number == 1 ? .unanswered : nil }
      await #expect(throws: StoreError.self) { try await test.add("second") }
      await test.handler.waitForCalls(2)
    }
    #expect(test.attempted == ["first", "second"])
  }

  /// Found by two real processes on one store: counts that were forgotten while a group was planned counted as none, and
  /// were stored so.
  @Test("Counts survive being forgotten in the middle of a plan")
  func forgotten() async throws {
    let queue = try await open()
    for _ in 0..<3 { try await queue.enqueue(NewOperation(kind: "test")) }
    store.onRead { _ in queue.engine.forgetPlace(OperationID(high: 0, low: 0)) }
    try await queue.enqueue(NewOperation(kind: "test", orderingKey: "k"))
    store.heal()
    #expect(try await queue.status().pending == 4)
    #expect(try await QueueAudit.problems(in: store).isEmpty)
  }

  enum PutBackCase: Sendable { case retry, deadLetter, delivered }
}
