import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("What a plain operation costs", .timeLimit(.minutes(10)))
struct HotPathTests {
  @Test(
    "One put to enqueue and one delete to settle, beside the counts, however many are stored", arguments: [0, 3_000])
  func mutations(backlog: Int) async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    _ = try await test.queue.enqueue((0..<backlog + 1).map { _ in NewOperation(kind: "test") })
    _ = try await test.queue.claim(1)
    store.reset()
    try await test.add("test", payload: [1, 2, 3])
    #expect(store.puts.count { $0 != QueueLayout.counts } == 1)
    #expect(store.puts.count == 2)
    #expect(store.deletes.isEmpty)
    #expect(store.readCount == 0)

    store.reset()
    let claimed = try await test.queue.claim(1)
    #expect(store.readCount == 0)
    #expect(store.mutationCount == 0)
    store.reset()
    try await test.queue.settle(try #require(claimed.first), .delivered(attempt: 1))
    #expect(store.deletes.count == 1)
    #expect(store.puts == [QueueLayout.counts])
    #expect(store.readCount == 0)
  }

  @Test(
    "What is long, not of normal priority, or has an ordering key has an entry in the ready index beside it",
    arguments: [
      (NewOperation(kind: "test", payload: [UInt8](repeating: 0, count: 1_024)), 2),
      (NewOperation(kind: "test", priority: .high), 2), (NewOperation(kind: "test", orderingKey: "key"), 4),
    ])
  func parted(operation: NewOperation, count: Int) async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    try await test.add()
    _ = try await test.queue.claim(1)
    store.reset()
    _ = try await test.queue.enqueue(operation)
    #expect(store.puts.count { $0 != QueueLayout.counts } == count)
    let claimed = try #require(try await test.queue.claim(1).first)
    store.reset()
    try await test.queue.settle(claimed, .delivered(attempt: 1))
    #expect(store.deletes.count == count)
    #expect(store.puts == [QueueLayout.counts])
  }

  @Test("A hundred enqueued together share one record of the counts")
  func together() async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    _ = try await test.queue.enqueue((0..<100).map { _ in NewOperation(kind: "test") })
    // With the counts, and once for the store what tells earlier versions that they are not where they were.
    #expect(store.puts.count == 102)
  }

  @Test("What is enqueued and settled while a commit is under way shares the next commit, and one record of the counts")
  func enqueuedAndSettled() async throws {
    let counting = CountingStore(InMemoryStore())
    let store = FaultyStore(counting)
    let test = try await TestQueue.open(store)
    let settledID = try await test.add()
    let claimed = try #require(try await test.queue.claim(1).first)
    let gate = WakeSignal()
    store.onCommit { number, _ in
      if number == 1 { await gate.wait() }
      return nil
    }
    async let first = test.add()
    while store.commitCount == 0 { await Task.yield() }
    async let second = test.add()
    async let settled: Void = test.queue.settle(claimed, .delivered(attempt: 1))
    while test.queue.gatherer.waitingCount < 2 { await Task.yield() }
    counting.reset()
    gate.signal()
    let ids = try await [first, second]
    try await settled
    #expect(store.commitCount == 2)
    // The commit that was held, and the one of the two that waited for it.
    #expect(counting.puts.count { $0 == QueueLayout.counts } == 2)
    #expect(counting.puts.count == 2 * (1 + 1))
    #expect(counting.deletes.contains(QueueLayout.single(settledID)))
    for id in ids { #expect(try await test.state(id) == .pending) }
  }
}
