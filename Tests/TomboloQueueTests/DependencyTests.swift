import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Dependencies across keys", .timeLimit(.minutes(10)))
struct DependencyTests {
  @Test("What an urgent operation waits for becomes as urgent, and so does what that waits for in turn")
  func lifted() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.concurrency = 1 }
    func add(
      _ kind: String, _ priority: OperationPriority, after: [OperationID] = [], key: String? = nil
    ) async throws -> OperationID {
      try await test.queue.enqueue(
        NewOperation(
          kind: kind, priority: priority, orderingKey: key, after: after.map { .operation($0) })
      ).id
    }
    // A login in the background, an upload in a line of its own behind another, a message that waits for both.
    for number in 0..<3 { _ = try await add("crowd \(number)", .high) }
    let login = try await add("login", .background)
    let upload = try await add("upload", .low, after: [login])
    let front = try await add("front", .background, key: "files")
    let rename = try await add("rename", .low, key: "files")
    let message = try await add("message", .critical, after: [upload, rename])
    let tail = try await add("tail", .low, key: "files")
    test.handler.setAnswer { operation, _ in
      operation.kind == "tail" ? .retry(after: nil, TestQueue.failure) : .delivered
    }
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    #expect(try await test.worker.drain().delivered == 8)
    // Who was lifted is gone, and what stood behind it is as urgent as it is itself.
    #expect(test.attempted.suffix(4) == ["crowd 0", "crowd 1", "crowd 2", "tail"])
    #expect(message < tail)
    #expect(Set(test.attempted.prefix(4)) == ["login", "upload", "front", "rename"])
    #expect(test.attempted[4] == "message")
    #expect(front < rename)
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }

  @Test("One that comes behind a head that waits lifts what that head waits for")
  func liftedThroughALine() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.concurrency = 1 }
    try await test.add("crowd", priority: .high)
    let login = try await test.add("login", priority: .background)
    try await test.queue.enqueue(
      NewOperation(kind: "head", priority: .low, orderingKey: "k", after: [.operation(login)]))
    try await test.add("urgent", key: "k", priority: .critical)
    try await test.worker.drain()
    #expect(test.attempted == ["login", "head", "urgent", "crowd"])
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }

  @Test("What was lifted and failed comes back as urgent, and is as urgent no longer once nobody waits for it")
  func liftedAgain() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.concurrency = 1 }
    let login = try await test.add("login", priority: .background)
    let message = try await test.queue.enqueue(
      NewOperation(kind: "message", priority: .critical, after: [.operation(login)])
    ).id
    test.handler.setAnswer { operation, attempt in
      operation.kind == "login" && attempt.number < 3 ? .retry(after: nil, TestQueue.failure) : .delivered
    }
    try await test.worker.drain()
    try await test.add("crowd", priority: .high)
    test.time.advance(by: .seconds(10))
    try await test.worker.drain()
    #expect(test.attempted == ["login", "login", "crowd"])
    try await test.queue.discard(message, reason: "test")
    try await test.queue.retry(login)
    try await test.add("crowd", priority: .high)
    try await test.worker.drain()
    #expect(test.attempted == ["login", "login", "crowd", "crowd", "login"])
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }

  @Test(
    "By hand and by a newer one, what was lifted is found where it stands", arguments: ["paused", "later", "ready"])
  func liftedIsFound(place: String) async throws {
    let test = try await TestQueue.open(InMemoryStore())
    if place == "paused" { try await test.queue.pause(.kind("login"), reason: "test") }
    let due = place == "later" ? test.time.now.advanced(by: .seconds(60)) : nil
    let login = try await test.queue.enqueue(NewOperation(kind: "login", priority: .low, notBefore: due)).id
    if place == "paused" { try await test.worker.drain() }
    let message = try await test.queue.enqueue(
      NewOperation(kind: "message", priority: .critical, after: [.operation(login)])
    ).id
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    try await test.queue.discard(login, reason: "test")
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    #expect(try await test.state(message) == .pending)
    #expect(try await test.worker.drain().delivered == 1)
  }

  @Test("No enqueue lifts more than a bounded number")
  func liftIsBounded() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    var last = try await test.add("first", priority: .low)
    for _ in 0..<100 {
      last = try await test.queue.enqueue(NewOperation(kind: "next", priority: .low, after: [.operation(last)])).id
    }
    try await test.queue.enqueue(NewOperation(kind: "urgent", priority: .critical, after: [.operation(last)]))
    let lifted = try await test.store.scan(.prefix(Key([QueueLayout.tag, UInt8(ascii: "b")])), limit: .max).count {
      try DependentRecord($0.value).priority == .critical
    }
    // Itself among them.
    #expect(lifted == QueuePlanner.liftCountMaximum + 1)
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }

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
      #expect(try await later.store.scan(.all, limit: 10).map(\.key) == QueueLayout.ofAnEmptyQueue)
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
      #expect(try await test.store.scan(.all, limit: 10).map(\.key) == QueueLayout.ofAnEmptyQueue)
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
