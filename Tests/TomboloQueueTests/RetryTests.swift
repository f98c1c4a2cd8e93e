import Testing
import TomboloPorts
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Retries and time", .timeLimit(.minutes(10)))
struct RetryTests {
  @Test("Attempts and due times survive a restart", arguments: TestEngine.allCases)
  func restart(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      test.handler.setAnswer { _, attempt in attempt.number < 3 ? .retry(after: nil, TestQueue.failure) : .delivered }
      let id = try await test.add()
      try await test.worker.drain()
      let due = test.time.now.advanced(by: .seconds(10))
      var later = try await test.reopened(in: place)
      let snapshot = try #require(try await later.queue.snapshot(id))
      #expect(snapshot.state == .retrying)
      #expect(snapshot.attemptCount == 1)
      #expect(snapshot.dueAt == due)
      #expect(snapshot.lastFailure == TestQueue.failure)
      #expect(snapshot.waitingReason == .backoff(until: due, TestQueue.failure))

      test.time.advance(by: .seconds(9))
      try await later.worker.drain()
      #expect(test.handler.calls.count == 1)
      test.time.advance(by: .seconds(1))
      try await later.worker.drain()
      later = try await later.reopened(in: place)
      test.time.advance(by: .seconds(10))
      try await later.worker.drain()
      #expect(test.handler.calls.map(\.attempt.number) == [1, 2, 3])
      #expect(Set(test.handler.calls.map(\.operation.idempotencyKey)) == [id.description])
      #expect(try await later.queue.status().delivered == 1)
    }
  }

  @Test("A wall clock that is set back by a year strands nothing", arguments: TestEngine.allCases, [true, false])
  func clockSetBack(engine: TestEngine, isReopened: Bool) async throws {
    try await withQueue(engine, { $0.retryAfterMaximum = .seconds(60) }) { test, place in
      test.handler.setAnswer { _, attempt in attempt.number == 1 ? .retry(after: nil, TestQueue.failure) : .delivered }
      try await test.add()
      try await test.worker.drain()
      test.time.setWallClock(test.time.now.advanced(by: .seconds(-365 * 86_400)))
      let later = isReopened ? try await test.reopened(in: place) : test
      test.time.advance(by: .seconds(60))
      try await later.worker.drain()
      #expect(test.handler.calls.count == 2)
      #expect(try await later.queue.status().delivered == 1)
    }
  }

  @Test("A due time that is over by another's hand does not hide the next one", arguments: TestEngine.allCases)
  func nextDueTime(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { operation, _ in
        .retry(after: operation.kind == "b" ? .seconds(30) : nil, TestQueue.failure)
      }
      let first = try await test.add("a")
      try await test.add("b")
      try await test.worker.drain()
      try await test.queue.discard(first, reason: "test")
      test.time.advance(by: .seconds(10))
      #expect(try await test.queue.promote() == .seconds(20))
    }
  }

  @Test("A worker that runs delivers a retry when it is due, without being told", arguments: TestEngine.allCases)
  func alarm(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { _, attempt in attempt.number < 3 ? .retry(after: nil, TestQueue.failure) : .delivered }
      try await test.add()
      try await test.whileRunning {
        for call in 1...2 {
          await test.handler.waitForCalls(call)
          while test.time.timeUntilNextSleeper != .seconds(10) { await Task.yield() }
          test.time.advance(by: .seconds(10))
        }
        await test.handler.waitForCalls(3)
      }
      #expect(try await test.queue.status().delivered == 1)
    }
  }

  @Test("Not before its time, and not after its end", arguments: TestEngine.allCases)
  func window(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      let start = test.time.now
      try await test.queue.enqueue(NewOperation(kind: "later", notBefore: start.advanced(by: .seconds(5))))
      let gone = try await test.queue.enqueue(NewOperation(kind: "gone", expiresAt: start.advanced(by: .seconds(4))))
      let later = try await test.queue.list().snapshots[0]
      #expect(later.waitingReason == .scheduled(until: start.advanced(by: .seconds(5))))
      test.time.advance(by: .seconds(4))
      let summary = try await test.worker.drain()
      #expect(summary.expired == 1)
      #expect(try await test.queue.snapshot(gone.id) == nil)
      #expect(test.attempted.isEmpty)
      test.time.advance(by: .seconds(1))
      try await test.worker.drain()
      #expect(test.attempted == ["later"])
      #expect(try await test.queue.status().expired == 1)
    }
  }

  @Test(
    "A server's Retry-After wins over a shorter backoff, loses to a longer one, and is limited",
    arguments: zip([nil, 5, 20, 500] as [Int?], [10, 10, 20, 60]))
  func retryAfter(asked: Int?, waited: Int) async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.retryAfterMaximum = .seconds(60) }
    test.handler.setAnswer { _, _ in .retry(after: asked.map { .seconds($0) }, TestQueue.failure) }
    let id = try await test.add()
    try await test.worker.drain()
    #expect(try await test.queue.snapshot(id)?.dueAt == test.time.now.advanced(by: .seconds(waited)))
  }

  @Test("Attempts that are used up end as a dead letter that names the last failure", arguments: TestEngine.allCases)
  func exhausted(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.attemptsMaximum = 3 }) { test, _ in
      test.handler.setAnswer { _, _ in .retry(after: nil, TestQueue.failure) }
      let id = try await test.add(key: "k")
      try await test.add("behind", key: "k")
      for _ in 0..<3 {
        try await test.worker.drain()
        test.time.advance(by: .seconds(10))
      }
      let snapshot = try #require(try await test.queue.snapshot(id))
      #expect(snapshot.state == .deadLettered)
      #expect(snapshot.attemptCount == 3)
      #expect(snapshot.lastFailure?.code == .attemptsExhausted)
      #expect(snapshot.lastFailure?.message.contains("no luck") == true)
      #expect(snapshot.waitingReason == .held(snapshot.lastFailure))
    }
  }

  @Test("A snooze burns no attempt", arguments: TestEngine.allCases)
  func snooze(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.attemptsMaximum = 2 }) { test, _ in
      test.handler.setAnswer { _, _ in .snooze(for: .seconds(3), TestQueue.failure) }
      let id = try await test.add()
      for _ in 0..<5 {
        #expect(try await test.worker.drain().snoozed == 1)
        test.time.advance(by: .seconds(3))
      }
      #expect(test.handler.calls.map(\.attempt.number) == [1, 1, 1, 1, 1])
      #expect(try await test.queue.snapshot(id)?.attemptCount == 0)
      #expect(try await test.state(id) == .pending)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("An attempt that takes too long is cancelled and counts", arguments: TestEngine.allCases)
  func timeout(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.attemptTimeout = .seconds(7) }) { test, _ in
      test.handler.setAnswer { _, _ in
        try await test.time.sleep(for: .seconds(1_000))
        return .delivered
      }
      let id = try await test.add()
      async let drained = test.worker.drain()
      await test.time.waitForSleepers(2)
      test.time.advance(by: .seconds(7))
      #expect(try await drained.retried == 1)
      #expect(try await test.queue.snapshot(id)?.lastFailure?.code == .timeout)
      #expect(try await test.queue.snapshot(id)?.attemptCount == 1)
    }
  }
}
