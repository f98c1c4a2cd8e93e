import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("The history of what is gone", .timeLimit(.minutes(10)))
struct HistoryTests {
  @Test("Each operation that is gone tells how it ended, also to the next process", arguments: TestEngine.allCases)
  func ends(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.historyRetention = .seconds(3_600) }) { test, place in
      test.handler.setAnswer { operation, attempt in
        operation.kind == "stubborn" && attempt.number < 3 ? .retry(after: nil, TestQueue.failure) : .delivered
      }
      let stubborn = try await test.add("stubborn")
      for _ in 0..<3 {
        try await test.worker.drain()
        test.time.advance(by: .seconds(10))
      }
      let older = try await test.add("twin", coalescing: "c")
      let newer = try await test.add("twin", coalescing: "c")
      let unwanted = try await test.add("unwanted")
      try await test.queue.discard(unwanted, reason: "changed my mind")
      let late = try await test.queue.enqueue(
        NewOperation(kind: "late", expiresAt: test.time.now.advanced(by: .seconds(5)))
      ).id
      #expect(try await test.queue.standing(of: late)?.state == .pending)
      test.time.advance(by: .seconds(6))
      try await test.worker.drain()

      let later = try await test.reopened(in: place).queue
      let told = try await later.history()
      #expect(told.map(\.id) == [stubborn, older, newer, unwanted, late])
      #expect(told.map(\.state) == [.delivered, .superseded, .delivered, .discarded, .expired])
      #expect(told[0].attemptCount == 3)
      #expect(told[0].kind == "stubborn")
      #expect(told[1].supersededBy == newer)
      #expect(told[3].detail == "changed my mind")
      #expect(try await later.settled(late)?.state == .expired)
      #expect(try await later.standing(of: unwanted)?.state == .discarded)
      #expect(try await later.standing(of: OperationID(high: 1, low: 1)) == nil)
      #expect(try await later.history(after: older, limit: 2).map(\.id) == [newer, unwanted])
      #expect(try await QueueAudit.problems(in: later.store).isEmpty)
    }
  }

  @Test(
    "Also where no history is kept, one that a caller gave an idempotency key tells why it ended, in bounded words",
    arguments: TestEngine.allCases)
  func whyWithoutHistory(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      let reasons = ["changed my mind", String(repeating: "page ", count: 1_000)]
      for (key, reason) in zip(["a", "b"], reasons) {
        let id = try await test.queue.enqueue(NewOperation(kind: "unwanted", idempotencyKey: key)).id
        try await test.queue.discard(id, reason: reason)
      }
      for key in ["t", "u"] {
        _ = try await test.queue.enqueue(NewOperation(kind: "twin", idempotencyKey: key, coalescingKey: "c"))
      }
      try await test.worker.drain()
      let later = try await test.reopened(in: place).queue
      let told = try await later.standings(ofIdempotencyKeys: ["a", "b", "t", "u"])
      #expect(told.map { $0?.state } == [.discarded, .discarded, .superseded, .delivered])
      #expect(told[0]?.detail == reasons[0])
      #expect(told[1]?.detail == String(reasons[1].prefix(IdempotencyRecord.detailCountMaximum)))
      #expect(told[2]?.detail == "a newer operation with its coalescing key took its place")
      #expect(told[3]?.detail == nil)
    }
  }

  @Test("After its time it is pruned, in bounded steps, while deliveries go on")
  func pruned() async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.historyRetention = .seconds(600) }
    for _ in 0..<1_000 { try await test.add() }
    #expect(try await test.worker.drain().delivered == 1_000)
    test.time.advance(by: .seconds(599))
    try await test.add("fresh")
    try await test.worker.drain()
    #expect(try await test.queue.history(limit: 1_000).count == 1_000)
    test.time.advance(by: .seconds(2))
    store.reset()
    // One step, whatever there is to prune: the worker takes one before each look for work.
    #expect(try await test.queue.prune() == .zero)
    #expect(store.deletes.count == 2 * QueuePlanner.pruneCountMaximum)
    try await test.whileRunning {
      while try await test.queue.history(limit: 1_000).count > 1 { await Task.yield() }
    }
    let left = try await test.queue.history()
    #expect(left.map(\.kind) == ["fresh"])
    // And the last when its own time has come, though nothing else happens.
    try await test.whileRunning {
      while test.time.timeUntilNextSleeper == nil { await Task.yield() }
      // Not once: who looked at the clock just before it was moved begins to wait only afterwards.
      while try await !test.queue.history().isEmpty {
        test.time.advance(by: .seconds(600))
        await Task.yield()
      }
    }
    #expect(try await test.queue.prune() == nil)
  }

  @Test("Without a history nothing is kept, and nothing is paid")
  func off() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let id = try await test.add()
    try await test.worker.drain()
    #expect(try await test.queue.settled(id) == nil)
    #expect(try await test.store.scan(QueueLayout.pruning, limit: 1).isEmpty)
  }

  @Test("With a history a plain operation costs two more puts when it is gone, and none before")
  func cost() async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.historyRetention = .seconds(600) }
    try await test.add()
    _ = try await test.queue.claim(1)
    store.reset()
    try await test.add()
    #expect(store.puts.count == 2)
    store.reset()
    let claimed = try #require(try await test.queue.claim(1).first)
    try await test.queue.settle(claimed, .delivered(attempt: 1))
    #expect(store.deletes.count == 2)
    #expect(store.puts.count { $0 != QueueLayout.counts } == 2)
  }

  @Test("It is listed by how operations ended and by kind, the newest first, in pages", arguments: TestEngine.allCases)
  func listed(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.historyRetention = .seconds(600) }) { test, _ in
      var ids: [OperationID] = []
      for number in 0..<7 { ids.append(try await test.add(number % 3 == 0 ? "third" : "other")) }
      try await test.queue.discard(ids[1], reason: "no longer wanted")
      try await test.worker.drain()
      var (seen, cursor): ([OperationID], OperationID?) = ([], nil)
      repeat {
        let page = try await test.queue.history(HistoryFilter(state: .delivered), after: cursor, limit: 2)
        seen += page.operations.map(\.id)
        cursor = page.cursor
      } while cursor != nil
      #expect(seen == [6, 5, 4, 3, 2, 0].map { ids[$0] })
      #expect(
        try await test.queue.history(HistoryFilter(kind: "third")).operations.map(\.id) == [6, 3, 0].map { ids[$0] })
      let discarded = try await test.queue.history(HistoryFilter(state: .discarded, kind: "other"))
      #expect(discarded.operations.map(\.id) == [ids[1]])
      #expect(discarded.operations.first?.detail == "no longer wanted")
      #expect(try await test.queue.history(HistoryFilter(state: .expired)).operations.isEmpty)
    }
  }

  @Test("A filter that hardly anything passes reads a bounded part of the history for each page")
  func bounded() async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.historyRetention = .seconds(600) }
    for number in 0..<100 { try await test.add(number == 0 ? "rare" : "common") }
    try await test.worker.drain()
    store.reset()
    let first = try await test.queue.history(HistoryFilter(kind: "rare"), limit: 10)
    #expect(first.operations.isEmpty)
    #expect(store.readCount <= 8 * 11)
    let second = try await test.queue.history(HistoryFilter(kind: "rare"), after: first.cursor, limit: 10)
    #expect(second.operations.map(\.kind) == ["rare"])
    #expect(second.cursor == nil)
  }

  @Test("Damaged history is told, and disturbs nothing else")
  func damaged() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.historyRetention = .seconds(600) }
    let id = try await test.add()
    try await test.worker.drain()
    try await test.damage(QueueLayout.history(id))
    #expect(try await queueError { _ = try await test.queue.settled(id) }?.code == .damaged)
    try await test.add()
    #expect(try await test.worker.drain().delivered == 1)
    test.time.advance(by: .seconds(601))
    while try await test.queue.prune() == .zero {}
    #expect(try await test.store.get(QueueLayout.history(id)) == nil)
  }
}
