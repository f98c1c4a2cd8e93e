import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Pausing, and namespaces that are not active", .timeLimit(.minutes(10)))
struct PauseTests {
  @Test(
    "What is paused waits, through a restart, and everything else goes on", arguments: TestEngine.allCases,
    [Pause.Scope.queue, .kind("a"), .orderingKey("k")])
  func pause(engine: TestEngine, scope: Pause.Scope) async throws {
    try await withQueue(engine, { $0.concurrency = 1 }) { test, place in
      try await test.queue.pause(scope, reason: "maintenance")
      let paused = try await test.add("a", key: "k", priority: .critical)
      try await test.add("a", key: "k", priority: .critical)
      try await test.add("b", priority: .background)
      let later = try await test.reopened(in: place)
      #expect(later.queue.pauses.map(\.scope) == [scope])
      try await later.worker.drain()
      #expect(test.attempted == (scope == .queue ? [] : ["b"]))
      let snapshot = try #require(try await later.queue.snapshot(paused))
      #expect(snapshot.state == .pending)
      #expect(
        later.worker.waitingReason(for: snapshot)?.description
          == "\(scope) is paused since \(test.time.now): maintenance")
      #expect(try await QueueAudit.problems(in: later.store).isEmpty)

      let last = try await later.reopened(in: place)
      try await last.queue.resume(scope)
      try await last.worker.drain()
      #expect(test.attempted == (scope == .queue ? ["a", "a", "b"] : ["b", "a", "a"]))
      #expect(last.queue.pauses.isEmpty)
      #expect(try await last.store.scan(.all, limit: 10).map(\.key) == QueueLayout.ofAnEmptyQueue)
    }
  }

  @Test("Resuming wakes the worker")
  func wakes() async throws {
    try await withQueue(.memory) { test, _ in
      try await test.queue.pause(.queue, reason: "test")
      try await test.add("a")
      try await test.whileRunning {
        for _ in 0..<50 { await Task.yield() }
        #expect(test.attempted.isEmpty)
        try await test.queue.resume(.queue)
        await test.handler.waitForCalls(1)
      }
    }
  }

  @Test("A paused backlog is passed once, in bounded steps, and costs later claims nothing")
  func backlog() async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.passedOverMaximum = .max }
    try await test.queue.pause(.kind("paused"), reason: "test")
    for _ in 0..<10 {
      _ = try await test.queue.enqueue((0..<100).map { _ in NewOperation(kind: "paused", priority: .critical) })
    }
    try await test.add("free")
    let first = try await test.queue.claim(1)
    #expect(first.map(\.operation.kind) == ["free"])
    try await test.queue.settle(first[0], .delivered(attempt: 1))
    try await test.add("free")
    store.reset()
    #expect(try await test.queue.claim(1).count == 1)
    #expect(store.readCount < 40, "\(store.readCount) records read")
    #expect(store.mutationCount == 0)
    try await test.queue.resume(.kind("paused"))
    #expect(try await test.worker.drain().delivered == 1_000)
  }

  @Test("Operations of a namespace are delivered only while it is active", arguments: TestEngine.allCases)
  func namespaces(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      for namespace in ["ada", "bob", nil] as [String?] {
        try await test.queue.enqueue(NewOperation(kind: namespace ?? "all", orderingKey: "k", namespace: namespace))
      }
      try await test.worker.drain()
      #expect(test.attempted == ["all"])
      test.queue.activate(namespaces: ["bob"])
      try await test.worker.drain()
      #expect(test.attempted == ["all", "bob"])
      let waiting = try #require(try await test.queue.list().snapshots.first)
      #expect(test.worker.waitingReason(for: waiting) == .inactive(namespace: "ada"))
      // A new process knows nobody who is signed in.
      let later = try await test.reopened(in: place)
      try await later.worker.drain()
      #expect(test.attempted == ["all", "bob"])
      later.queue.activate(namespaces: ["ada"])
      try await later.worker.drain()
      #expect(test.attempted == ["all", "bob", "ada"])
    }
  }
}
