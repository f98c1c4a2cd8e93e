import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Dependencies across keys", .timeLimit(.minutes(2)))
struct DependencyTests {
  private func add(
    _ test: TestQueue, _ kind: String, key: String? = nil, after ids: [OperationID] = []
  ) async throws -> OperationID {
    try await test.queue.enqueue(
      NewOperation(kind: kind, orderingKey: key, after: ids.map { .operation($0) })
    ).id
  }

  @Test(
    "An operation waits until all that it names are settled, through a restart", arguments: TestEngine.allCases,
    [nil, "k"])
  func waits(engine: TestEngine, key: String?) async throws {
    try await withQueue(engine, { $0.concurrency = 1 }) { test, place in
      let first = try await add(test, "a", key: "a")
      let second = try await add(test, "b", key: "b")
      let last = try await add(test, "last", key: key, after: [first, second])
      let behind = try await add(test, "behind", key: key)
      let later = try await test.reopened(in: place)
      let snapshot = try #require(try await later.queue.snapshot(last))
      #expect(snapshot.state == .blocked)
      #expect(snapshot.waitingReason == .after([first, second]))
      #expect(snapshot.waitingReason?.description == "it waits until \(first) and \(second) are settled")
      #expect(try await later.queue.status().blocked == (key == nil ? 1 : 2))
      try await later.worker.drain()
      let order = test.handler.calls.map(\.operation.id)
      #expect(order == [first, second, last, behind])
      #expect(try await later.queue.status().blocked == 0)
      #expect(try await QueueAudit.problems(in: later.store).isEmpty)
      #expect(try await later.store.scan(.all, limit: 10).map(\.key) == [QueueLayout.counts])
    }
  }

  @Test("What is gone already, or was never here, is not waited for")
  func gone() async throws {
    try await withQueue(.memory) { test, _ in
      let first = try await add(test, "a")
      try await test.worker.drain()
      let never = OperationID(high: 1, low: 1)
      let receipt = try await test.queue.enqueue(
        NewOperation(kind: "b", after: [.operation(first), .operation(never)]))
      #expect(receipt.state == .pending)
      try await test.worker.drain()
      #expect(test.attempted == ["a", "b"])
    }
  }

  @Test("One that failed for good is waited for until a person settles it", arguments: PermanentFailurePolicy.allCases)
  func held(policy: PermanentFailurePolicy) async throws {
    try await withQueue(.memory, { $0.onPermanentFailure = policy }) { test, _ in
      test.handler.setAnswer { operation, _ in operation.kind == "bad" ? .reject(TestQueue.failure) : .delivered }
      let bad = try await add(test, "bad", key: "a")
      let next = try await add(test, "next", key: "b", after: [bad])
      try await test.worker.drain()
      #expect(test.attempted == ["bad"])
      #expect(try await test.state(next) == .blocked)
      try await test.queue.discard(bad, reason: "no longer needed")
      #expect(try await test.state(next) == .pending)
      try await test.worker.drain()
      #expect(test.attempted == ["bad", "next"])
    }
  }

  @Test("Within a batch an operation can wait for an earlier one, and a circle is refused")
  func batch() async throws {
    try await withQueue(.memory) { test, _ in
      let circle = [
        NewOperation(kind: "a", after: [.inBatch(1)]), NewOperation(kind: "b", after: [.inBatch(0)]),
      ]
      let error = try await queueError { _ = try await test.queue.enqueue(circle) }
      #expect(error?.code == .invalidOperation)
      #expect(error?.field == "after")
      #expect(try await test.queue.status().waiting == 0)
      let itself = try await queueError {
        _ = try await test.queue.enqueue([NewOperation(kind: "a", after: [.inBatch(0)])])
      }
      #expect(itself?.field == "after")
      _ = try await test.queue.enqueue([
        NewOperation(kind: "parent", priority: .background),
        NewOperation(kind: "child", priority: .critical, after: [.inBatch(0)]),
      ])
      try await test.worker.drain()
      #expect(test.attempted == ["parent", "child"])
    }
  }

  @Test("A waiting operation can be discarded, and leaves nothing behind")
  func discarded() async throws {
    try await withQueue(.memory) { test, _ in
      let first = try await add(test, "a", key: "k")
      let second = try await add(test, "b", key: "l", after: [first])
      let third = try await add(test, "c", key: "l", after: [second])
      try await test.queue.discard(second, reason: "test")
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
      #expect(try await test.state(third) == .pending)
      try await test.worker.drain()
      #expect(try await test.store.scan(.all, limit: 10).map(\.key) == [QueueLayout.counts])
    }
  }

  @Test("A notBefore still counts once all are settled")
  func scheduled() async throws {
    try await withQueue(.memory) { test, _ in
      let first = try await add(test, "a")
      let due = test.time.now.advanced(by: .seconds(60))
      try await test.queue.enqueue(NewOperation(kind: "b", notBefore: due, after: [.operation(first)]))
      try await test.worker.drain()
      #expect(test.attempted == ["a"])
      test.time.advance(by: .seconds(60))
      try await test.worker.drain()
      #expect(test.attempted == ["a", "b"])
    }
  }

  @Test("No more wait for one than can be let go in one commit")
  func limit() async throws {
    try await withQueue(.memory) { test, _ in
      let first = try await add(test, "a")
      for _ in 0..<QueuePlanner.dependentCountMaximum { _ = try await add(test, "b", after: [first]) }
      let error = try await queueError { _ = try await add(test, "b", after: [first]) }
      #expect(error?.field == "after")
      try await test.worker.drain()
      #expect(test.attempted.count == QueuePlanner.dependentCountMaximum + 1)
    }
  }
}
