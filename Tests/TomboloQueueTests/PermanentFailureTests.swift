import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Permanent failures and settling by hand", .timeLimit(.minutes(10)))
struct PermanentFailureTests {
  @Test(
    "A rejected operation is dead-lettered, and the rest of its key goes on or waits", arguments: TestEngine.allCases,
    PermanentFailurePolicy.allCases)
  func reject(engine: TestEngine, policy: PermanentFailurePolicy) async throws {
    try await withQueue(engine, { $0.onPermanentFailure = policy }) { test, place in
      test.handler.setAnswer { operation, _ in operation.kind == "bad" ? .reject(TestQueue.failure) : .delivered }
      let bad = try await test.add("bad", key: "k")
      let behind = try await test.add("behind", key: "k")
      try await test.worker.drain()
      #expect(try await test.state(bad) == .deadLettered)
      #expect(try await test.state(behind) == (policy == .block ? .blocked : nil))
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)

      let later = try await test.reopened(in: place)
      test.handler.setAnswer { _, _ in .delivered }
      #expect(try await later.queue.retryAllDeadLettered() == 1)
      try await later.worker.drain()
      #expect(test.attempted == (policy == .block ? ["bad", "bad", "behind"] : ["bad", "behind", "bad"]))
      #expect(test.handler.calls.map(\.attempt.number).allSatisfy { $0 == 1 })
      #expect(try await later.queue.status().delivered == 2)
      #expect(try await QueueAudit.problems(in: later.store).isEmpty)
    }
  }

  /// Found by seed 5053 of the simulation.
  @Test(
    "One that gives way to an older one put back by hand is spared as long as its upstream asked",
    arguments: TestEngine.allCases)
  func givesWay(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { operation, attempt in
        switch (operation.kind, attempt.number) {
        case ("old", _): .reject(TestQueue.failure)
        case (_, 1): .retry(after: .seconds(100), TestQueue.failure)
        default: .delivered
        }
      }
      let old = try await test.add("old", key: "k")
      let new = try await test.add("new", key: "k")
      try await test.worker.drain()
      #expect(try await test.state(new) == .retrying)
      test.handler.setAnswer { _, _ in .delivered }
      try await test.queue.retry(old)
      #expect(try await test.state(new) == .blocked)
      try await test.worker.drain()
      #expect(test.attempted == ["old", "new", "old"])
      #expect(try await test.state(new) == .retrying)
      #expect(try await test.queue.status().retrying == 1)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
      test.time.advance(by: .seconds(99))
      try await test.worker.drain()
      #expect(test.attempted.count == 3)
      test.time.advance(by: .seconds(1))
      try await test.worker.drain()
      #expect(test.attempted == ["old", "new", "old", "new"])
      #expect(try await test.queue.status().delivered == 2)
    }
  }

  @Test(
    "One that gave way and whose progress is damaged holds up nothing ahead of it, and is parked",
    arguments: TestEngine.allCases)
  func givesWayDamaged(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { operation, _ in
        operation.kind == "old" ? .reject(TestQueue.failure) : .retry(after: .seconds(100), TestQueue.failure)
      }
      let old = try await test.add("old", key: "k")
      let new = try await test.add("new", key: "k")
      try await test.worker.drain()
      test.handler.setAnswer { _, _ in .delivered }
      try await test.queue.retry(old)
      var damage = Batch()
      damage.put(QueueLayout.progress(new), [1, 2, 3])
      _ = try await test.store.commit([damage])
      try await test.worker.drain()
      #expect(test.attempted == ["old", "new", "old"])
      #expect(try await test.state(old) == nil)
      #expect(try await test.state(new) == .parked)
    }
  }

  @Test(
    "One that gave way and is retried by hand meanwhile is not put off again", arguments: TestEngine.allCases)
  func givesWayAndIsRetried(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { operation, _ in
        operation.kind == "old" ? .reject(TestQueue.failure) : .retry(after: .seconds(100), TestQueue.failure)
      }
      let old = try await test.add("old", key: "k")
      let new = try await test.add("new", key: "k")
      try await test.worker.drain()
      test.handler.setAnswer { _, _ in .delivered }
      try await test.queue.retry(old)
      try await test.queue.retry(new)
      try await test.worker.drain()
      #expect(test.attempted == ["old", "new", "old", "new"])
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("A kind that no handler knows is parked, with the kinds that are known", arguments: TestEngine.allCases)
  func unknownKind(engine: TestEngine) async throws {
    try await engine.withPlace { place in
      var handlers = HandlerRegistry()
      handlers.handle(kind: "known") { _, _ in .delivered }
      let test = try await TestQueue.open(try await place.open(), handlers: handlers)
      let id = try await test.add("strange", key: "k")
      try await test.add("known", key: "k")
      let summary = try await test.worker.drain()
      #expect(summary.parked == 1)
      #expect(summary.delivered == 1)
      let snapshot = try #require(try await test.queue.snapshot(id))
      #expect(snapshot.state == .parked)
      #expect(snapshot.lastFailure?.code == .unknownKind)
      #expect(snapshot.lastFailure?.message.contains("known are: known") == true)
    }
  }

  /// Brings an operation into a state.
  private func operation(in state: OperationState, _ test: TestQueue) async throws -> OperationID {
    switch state {
    case .blocked:
      try await test.add("first", key: "k")
      return try await test.add("it", key: "k")
    case .retrying, .parked, .deadLettered:
      test.handler.setAnswer { _, _ in
        switch state {
        case .retrying: .retry(after: nil, TestQueue.failure)
        case .parked: .park(TestQueue.failure)
        default: .reject(TestQueue.failure)
        }
      }
      let id = try await test.add("it", key: "k")
      try await test.worker.drain()
      test.handler.setAnswer { _, _ in .delivered }
      return id
    case .delivering:
      let id = try await test.add("it", key: "k")
      _ = try await test.queue.claim(1)
      return id
    default: return try await test.add("it", key: "k")
    }
  }

  private static let states: [OperationState] = [.pending, .retrying, .blocked, .parked, .deadLettered, .delivering]

  @Test("Redriving by hand works in every state but `delivering`", arguments: TestEngine.allCases, states)
  func redrive(engine: TestEngine, state: OperationState) async throws {
    try await withQueue(engine) { test, _ in
      let id = try await operation(in: state, test)
      #expect(try await test.state(id) == state)
      let error = try await queueError { try await test.queue.retry(id) }
      #expect(error?.code == (state == .delivering ? .delivering : nil))
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
      guard state != .delivering else { return }
      #expect(try await test.queue.snapshot(id)?.attemptCount == 0)
      try await test.worker.drain()
      #expect(test.attempted.last == "it")
      #expect(try await test.queue.snapshot(id) == nil)
      #expect(try await test.queue.status().waiting == 0)
    }
  }

  @Test("Discarding by hand works in every state but `delivering`, and is told", arguments: TestEngine.allCases, states)
  func discard(engine: TestEngine, state: OperationState) async throws {
    try await withQueue(engine) { test, _ in
      let id = try await operation(in: state, test)
      try await test.add("behind", key: "k")
      let events = test.queue.events()
      let error = try await queueError { try await test.queue.discard(id, reason: "not wanted") }
      #expect(error?.code == (state == .delivering ? .delivering : nil))
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
      guard state != .delivering else { return }
      var iterator = events.makeAsyncIterator()
      #expect(await iterator.next()?.change == .discarded(reason: "not wanted"))
      let before = test.handler.calls.count
      try await test.worker.drain()
      #expect(
        test.handler.calls.dropFirst(before).map(\.operation.kind)
          == (state == .blocked ? ["first", "behind"] : ["behind"]))
      #expect(try await test.queue.status().discarded == 1)
      let again = try await queueError { try await test.queue.discard(id, reason: "again") }
      #expect(again?.code == .notFound)
    }
  }

  @Test("Redriving what never was is a clear error")
  func notFound() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let error = try await queueError { try await test.queue.retry(OperationID(high: 1, low: 2)) }
    #expect(error?.code == .notFound)
  }
}
