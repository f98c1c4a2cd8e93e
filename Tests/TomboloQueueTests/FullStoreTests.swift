import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("A store without room", .timeLimit(.minutes(10)))
struct FullStoreTests {
  private static func enqueue(_ kind: String, at time: Timestamp) -> QueueRequest {
    let operation = NewOperation(kind: kind, payload: [UInt8](repeating: 0, count: 5_000))
    return .enqueue(
      [
        PreparedOperation(
          operation: operation, enqueuedAt: time, record: OperationRecord.encode(operation, enqueuedAt: time))
      ], alongside: Batch())
  }

  @Test("What is settled together with what is enqueued is stored although there is no room for the other")
  func separated() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    for kind in ["a", "b", "c"] { try await test.add(kind) }
    let claimed = try await test.queue.claim(3)
    #expect(claimed.count == 3)
    store.onCommit { _, batches in batches.areShrinking ? nil : .refused(StoreError(.full, "no room")) }
    let results = try await test.queue.engine.process([
      Self.enqueue("d", at: test.time.now),
      .settle(claimed[0], .delivered(attempt: 1), isRepeat: false),
      .settle(claimed[1], .retry(TestQueue.failure, due: test.time.now.advanced(by: .seconds(5))), isRepeat: false),
      Self.enqueue("e", at: test.time.now),
      .settle(claimed[2], .delivered(attempt: 1), isRepeat: false),
    ])
    for index in [1, 2, 4] { #expect(throws: Never.self) { try results[index].get() } }
    for index in [0, 3] {
      let error = #expect(throws: StoreError.self) { try results[index].get() }
      #expect(error?.code == .full)
    }
    let status = try await test.queue.status()
    #expect(status.delivered == 2)
    #expect(status.retrying == 1)
    #expect(status.pending == 0)
    #expect(try await QueueAudit.problems(in: store).isEmpty)
    store.heal()
    try await test.add("f")
    test.time.advance(by: .seconds(10))
    #expect(try await test.worker.drain().delivered == 2)
    #expect(try await QueueAudit.problems(in: store).isEmpty)
  }

  @Test("Every settlement of an operation is a shrinking batch, with long keys and a line behind it too")
  func settlementsShrink() async throws {
    let name = String(repeating: "k", count: 200)
    for settlement: Settlement in [
      .delivered(attempt: 1), .retry(TestQueue.failure, due: Timestamp(millisecondsSinceEpoch: 1_790_000_005_000)),
      .snooze(TestQueue.failure, due: Timestamp(millisecondsSinceEpoch: 1_790_000_005_000)),
      .park(TestQueue.failure, attempted: true), .deadLetter(TestQueue.failure),
      .discard(reason: "no use"), .expire,
    ] {
      let store = FaultyStore(InMemoryStore())
      let test = try await TestQueue.open(store)
      for _ in 0..<2 {
        try await test.queue.enqueue(
          NewOperation(kind: "long", orderingKey: name))
      }
      try await test.queue.enqueue(NewOperation(kind: "single", idempotencyKey: name))
      for claimed in try await test.queue.claim(2) {
        store.onCommit { _, batches in batches.areShrinking ? nil : .refused(StoreError(.full, "no room")) }
        await #expect(throws: Never.self, "\(settlement)") { try await test.queue.settle(claimed, settlement) }
      }
    }
  }

  /// Takes nothing longer than 1,000 bytes.
  private static let noRoomForMuch: @Sendable (Int, [Batch]) -> FaultyStore.CommitFault? = { _, batches in
    let isMuch = batches.flatMap(\.mutations).contains { mutation in
      if case .put(_, let value) = mutation { value.count > 1_000 } else { false }
    }
    return isMuch ? .refused(StoreError(.full, "no room")) : nil
  }

  @Test("What notes a failure is stored although there is no room for a version kept beside it")
  func keptApart() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    for kind in ["a", "b", "c"] { try await test.add(kind) }
    let claimed = try await test.queue.claim(3)
    let remote = RemoteVersion(payload: [UInt8](repeating: 9, count: 5_000), detail: "412")
    store.onCommit(Self.noRoomForMuch)
    let results = try await test.queue.engine.process([
      .settle(claimed[0], .redeliver(replacing: remote, payload: remote.payload), isRepeat: false),
      .settle(claimed[1], .retry(TestQueue.failure, due: test.time.now.advanced(by: .seconds(5))), isRepeat: false),
      .settle(claimed[2], .parkConflict(TestQueue.failure, remote), isRepeat: false),
    ])
    #expect(throws: Never.self) { try results[1].get() }
    for index in [0, 2] { #expect(throws: StoreError.self) { try results[index].get() } }
    #expect(try await test.queue.status().retrying == 1)
  }

  @Test(
    "A conflict that there is no room to keep is tried again until there is: nothing is lost, and nothing delivered twice"
  )
  func conflictWithoutRoom() async throws {
    struct Theirs: ConflictResolver {
      func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult {
        .merged(remote.payload ?? [])
      }
    }
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store, resolver: Theirs())
    let there = [UInt8](repeating: 9, count: 5_000)
    test.handler.setAnswer { _, attempt in
      attempt.replacing == nil ? .conflict(RemoteVersion(payload: there, detail: "412")) : .delivered
    }
    try await test.whileRunning {
      store.onCommit(Self.noRoomForMuch)
      try await test.add("a")
      // The settlement is refused, and refused again, and waits each time to be tried again.
      while test.time.timeUntilNextSleeper != .milliseconds(100) { await Task.yield() }
      test.time.advance(by: .milliseconds(100))
      while test.time.timeUntilNextSleeper != .milliseconds(200) { await Task.yield() }
      // One more where it was gathered with the worker's look for more: what is refused together is tried apart.
      #expect((3...4).contains(store.commitCount))
      #expect(test.handler.calls.count == 1)
      store.heal()
      test.time.advance(by: .milliseconds(200))
      await test.handler.waitForCalls(2)
    }
    #expect(test.handler.calls.last?.operation.payload == there)
    #expect(try await test.queue.status().delivered == 1)
    #expect(try await QueueAudit.problems(in: store).isEmpty)
  }

  @Test("Every settlement of a plain operation is a shrinking batch, with all that is kept of it, however long it is")
  func plainSettlementsShrink() async throws {
    // Four bytes each. A reason is kept twice of what is discarded and had a key of its own; together with longer ones no operation's end would
    // be shrinking.
    let name = String(repeating: "𐍈", count: 25)
    let reason = String(repeating: "𐍈", count: 150)
    let failure = DeliveryFailure(.refused, reason)
    let due = Timestamp(millisecondsSinceEpoch: 1_790_000_005_000)
    let settlements: [Settlement] = [
      .delivered(attempt: 1), .discard(reason: reason), .expire, .retry(failure, due: due), .snooze(failure, due: due),
      .park(failure, attempted: true), .deadLetter(failure),
    ]
    for settlement in settlements {
      for hasNames in settlement.isEnd ? [true, false] : [false] {
        let store = FaultyStore(InMemoryStore())
        let test = try await TestQueue.open(store) { $0.historyRetention = .seconds(600) }
        var operation = NewOperation(kind: hasNames ? name : "plain")
        let namespace = String(name.prefix(10))
        if hasNames { (operation.idempotencyKey, operation.namespace) = (name, namespace) }
        let byteCount = OperationRecord.encode(operation, enqueuedAt: test.time.now).count
        operation.payload = [UInt8](repeating: 1, count: QueueLayout.singleByteCountMaximum - byteCount - 1)
        try await test.queue.enqueue(operation)
        test.queue.activate(namespaces: hasNames ? [namespace] : [])
        let claimed = try #require(try await test.queue.claim(1).first)
        #expect(claimed.stored.single != nil)
        store.onCommit { _, batches in batches.areShrinking ? nil : .refused(StoreError(.full, "no room")) }
        await #expect(throws: Never.self, "\(settlement)") { try await test.queue.settle(claimed, settlement) }
      }
    }
  }

  @Test(
    "An operation released while there is no room goes back in line without a note, and is delivered",
    arguments: ["k", nil])
  func released(key: String?) async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    let id = try await test.add("a", key: key)
    let claimed = try #require(try await test.queue.claim(1).first)
    store.onCommit { _, batches in batches.areShrinking ? nil : .refused(StoreError(.full, "no room")) }
    try await test.queue.settle(claimed, .release(TestQueue.failure))
    #expect(try await test.queue.claim(1).map(\.id) == [id])
    try await test.queue.settle(claimed, .release(TestQueue.failure))
    // Stored, though nobody heard of it; then there is no room for the repeat. What memory had is not what is stored any more.
    let again = try #require(try await test.queue.claim(1).first)
    store.onCommit { _, _ in .unanswered }
    await #expect(throws: StoreError.self) { try await test.queue.settle(again, .release(TestQueue.failure)) }
    store.onCommit { _, batches in batches.areShrinking ? nil : .refused(StoreError(.full, "no room")) }
    try await test.queue.settle(again, .release(TestQueue.failure), isRepeat: true)
    #expect(try await test.worker.drain().delivered == 1)
    #expect(try await QueueAudit.problems(in: store).isEmpty)
  }
}
