import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("What a plain operation costs", .timeLimit(.minutes(2)))
struct HotPathTests {
  @Test(
    "Two puts to enqueue and two deletes to settle, beside the counts, however many are stored", arguments: [0, 3_000])
  func mutations(backlog: Int) async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    if backlog > 0 { _ = try await test.queue.enqueue((0..<backlog).map { _ in NewOperation(kind: "test") }) }
    _ = try await test.queue.claim(1)
    store.reset()
    try await test.add("test", payload: [1, 2, 3])
    #expect(store.puts.count { $0 != QueueLayout.counts } == 2)
    #expect(store.puts.count == 3)
    #expect(store.deletes.isEmpty)
    #expect(store.readCount == 0)

    store.reset()
    let claimed = backlog == 0 ? try await test.queue.claim(1) : try await test.queue.claim(1)
    #expect(store.readCount == 2)
    #expect(store.mutationCount == 0)
    store.reset()
    try await test.queue.settle(try #require(claimed.first), .delivered(attempt: 1))
    #expect(store.deletes.count == 2)
    #expect(store.puts == [QueueLayout.counts])
    #expect(store.readCount == 0)
  }

  @Test("Many enqueued and settled together share one record of the counts")
  func together() async throws {
    let store = CountingStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    _ = try await test.queue.enqueue((0..<100).map { _ in NewOperation(kind: "test") })
    #expect(store.puts.count == 201)
  }
}
