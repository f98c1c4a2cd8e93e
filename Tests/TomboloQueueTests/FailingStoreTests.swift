import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("A store that fails", .timeLimit(.minutes(10)))
struct FailingStoreTests {
  @Test(
    "A settlement that cannot be stored is tried again, and nothing is delivered twice", arguments: TestEngine.allCases)
  func settleAgain(engine: TestEngine) async throws {
    try await engine.withPlace { place in
      let store = FaultyStore(try await place.open())
      let test = try await TestQueue.open(store)
      try await test.add("a", key: "k")
      try await test.add("b", key: "k")
      store.onCommit { number, _ in number <= 2 ? .refused(StoreError(.full, "no room")) : nil }
      async let drained = test.worker.drain()
      while test.time.timeUntilNextSleeper != .milliseconds(100) { await Task.yield() }
      test.time.advance(by: .milliseconds(100))
      while test.time.timeUntilNextSleeper != .milliseconds(200) { await Task.yield() }
      test.time.advance(by: .milliseconds(200))
      #expect(try await drained.delivered == 2)
      #expect(test.attempted == ["a", "b"])
      #expect(try await QueueAudit.problems(in: store).isEmpty)
    }
  }

  @Test(
    "What tends the queue is not failed by the commit of those it was gathered with",
    arguments: [StoreError.Code.full, .engine])
  func tending(code: StoreError.Code) async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    try await test.add("a")
    let claimed = try #require(try await test.queue.claim(1).first)
    store.onCommit { _, _ in .refused(StoreError(code, "not now")) }
    let results = try await test.queue.engine.process([
      .promote(now: test.time.now), .settle(claimed, .delivered(attempt: 1), isRepeat: false), .refill,
      .prune(now: test.time.now),
    ])
    let isDone = results.map { (try? $0.get()) != nil }
    #expect(isDone == [true, false, true, true])
  }

  @Test("What tends the queue keeps its error when whoever leads is cancelled before it is done once more")
  func tendingCancelled() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    try await test.queue.enqueue(NewOperation(kind: "due", notBefore: test.time.now.advanced(by: .seconds(1))))
    test.time.advance(by: .seconds(1))
    let prepared = PreparedOperation(NewOperation(kind: "new"), enqueuedAt: test.time.now)
    store.onCommit { number, batches in
      if number == 1 { return .refused(StoreError(.engine, "not now")) }
      // Planned once more, and answered, and then not committed.
      if !batches.isEmpty { withUnsafeCurrentTask { $0?.cancel() } }
      return nil
    }
    let (engine, now) = (test.queue.engine, test.time.now)
    let results = try await Task { try await engine.process([.promote(now: now), .add(prepared, nil)]) }.value
    for result in results {
      let error = #expect(throws: StoreError.self) { try result.get() }
      #expect(error?.code == .engine)
    }
    store.heal()
    #expect(try await test.worker.drain().delivered == 1)
    #expect(test.attempted == ["due"])
  }

  /// How a delivery ends whose settlement is stored, with the answer lost.
  enum Ending: CaseIterable {
    case delivered, retried, snoozed, released, merged, parked, deadLettered

    var settlement: Settlement {
      let due = Timestamp(millisecondsSinceEpoch: 1_790_000_005_000)
      return switch self {
      case .delivered: .delivered(attempt: 1)
      case .retried: .retry(TestQueue.failure, due: due)
      case .snoozed: .snooze(TestQueue.failure, due: due)
      case .released: .release(TestQueue.failure)
      case .merged: .redeliver(replacing: RemoteVersion(detail: "x"), payload: [1, 2, 3])
      case .parked: .park(TestQueue.failure, attempted: true)
      case .deadLettered: .deadLetter(TestQueue.failure)
      }
    }
  }

  @Test("A settlement whose answer was lost is not applied twice", arguments: TestEngine.allCases, Ending.allCases)
  func lostAnswer(engine: TestEngine, ending: Ending) async throws {
    for isPlain in [false, true] { try await lostAnswer(engine, ending, isPlain: isPlain) }
  }

  private func lostAnswer(_ engine: TestEngine, _ ending: Ending, isPlain: Bool) async throws {
    try await engine.withPlace { place in
      let store = FaultyStore(try await place.open())
      let test = try await TestQueue.open(store)
      try await test.add("a", key: isPlain ? nil : "k", priority: isPlain ? .normal : .high, payload: [1])
      try await test.add("b", key: isPlain ? nil : "k", payload: [2])
      let claimed = try #require(try await test.queue.claim(1).first)
      #expect((claimed.stored.single != nil) == isPlain)
      store.onCommit { number, _ in number == 1 ? .unanswered : nil }
      let error = await #expect(throws: StoreError.self) {
        try await test.queue.settle(claimed, ending.settlement)
      }
      #expect(error?.code == .outcomeUnknown)
      let stored = try await store.scan(.all, limit: .max).map(\.value)
      let events = test.queue.events()
      try await test.queue.settle(claimed, ending.settlement, isRepeat: true)
      #expect(try await store.scan(.all, limit: .max).map(\.value) == stored)
      #expect(try await QueueAudit.problems(in: store).isEmpty)
      var iterator = events.makeAsyncIterator()
      #expect(await iterator.next()?.id == claimed.id)
      // What is left goes on, in the same process.
      test.time.advance(by: .seconds(10))
      try await test.worker.drain()
      #expect(test.attempted.last == "b")
      #expect(try await test.queue.status().waiting == 0)
    }
  }

  @Test("The worker settles a delivered operation once though the answer was lost", arguments: TestEngine.allCases)
  func lostAnswerToWorker(engine: TestEngine) async throws {
    try await engine.withPlace { place in
      let store = FaultyStore(try await place.open())
      let test = try await TestQueue.open(store)
      for number in 0..<3 { try await test.add("\(number)", key: "k") }
      store.onCommit { number, _ in number == 1 ? .unanswered : nil }
      async let drained = test.worker.drain()
      while test.time.timeUntilNextSleeper != .milliseconds(100) { await Task.yield() }
      test.time.advance(by: .milliseconds(100))
      #expect(try await drained.delivered == 3)
      #expect(test.attempted == ["0", "1", "2"])
      #expect(try await test.queue.status().delivered == 3)
      #expect(try await QueueAudit.problems(in: store).isEmpty)
    }
  }

  @Test("A read that fails after the commit fails nobody", arguments: TestEngine.allCases)
  func readAfterCommit(engine: TestEngine) async throws {
    try await engine.withPlace { place in
      let store = FaultyStore(try await place.open())
      let test = try await TestQueue.open(store)
      try await test.queue.enqueue(NewOperation(kind: "due", notBefore: test.time.now.advanced(by: .seconds(1))))
      test.time.advance(by: .seconds(1))
      store.onCommit { _, _ in
        store.onRead { _ in throw CancellationError() }
        return nil
      }
      let operation = NewOperation(kind: "new")
      let prepared = PreparedOperation(
        operation: operation, enqueuedAt: test.time.now,
        record: OperationRecord.encode(operation, enqueuedAt: test.time.now))
      let results = try await test.queue.engine.process([
        .promote(now: test.time.now), .enqueue([prepared], alongside: Batch()),
      ])
      for result in results { #expect(throws: Never.self) { try result.get() } }
      store.heal()
      #expect(try await test.queue.status().pending == 2)
      try await test.worker.drain()
      #expect(Set(test.attempted) == ["due", "new"])
      #expect(test.attempted.count == 2)
    }
  }

  @Test("What could not be settled before the worker was cancelled is delivered again by the next run")
  func cancelledWhileFailing() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    try await test.add()
    store.onCommit { _, _ in .refused(StoreError(.full, "no room")) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await test.worker.run() }
      await test.handler.waitForCalls(1)
      while test.time.timeUntilNextSleeper != .milliseconds(100) { await Task.yield() }
      group.cancelAll()
      try await group.waitForAll()
    }
    store.heal()
    #expect(try await test.queue.status().delivering == 0)
    #expect(try await test.worker.drain().delivered == 1)
    #expect(test.handler.calls.map(\.attempt.number) == [1, 1])
  }
}
