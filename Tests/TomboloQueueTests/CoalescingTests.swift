import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Coalescing", .timeLimit(.minutes(10)))
struct CoalescingTests {
  @Test(
    "The newest of what has not started stays, and the older one is told as superseded", arguments: TestEngine.allCases)
  func replace(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      let events = test.queue.events()
      let first = try await test.add("1", coalescing: "c", payload: [1])
      let receipt = try await test.queue.enqueue(NewOperation(kind: "2", payload: [2, 2], coalescingKey: "c"))
      #expect(receipt.disposition == .replaced(first))
      #expect(try await test.queue.snapshot(first) == nil)
      try await test.worker.drain()
      #expect(test.attempted == ["2"])
      let status = try await test.queue.status()
      #expect(status.superseded == 1)
      #expect(status.byteCount == 0)
      let told = await events.prefix { $0.change != .delivered(attempt: 1) }.reduce(into: []) { $0.append($1) }
      #expect(told.contains { $0.id == first && $0.change == .superseded(by: receipt.id) })
    }
  }

  @Test("While one is being delivered exactly one more follows it, afterwards", arguments: TestEngine.allCases)
  func oneMore(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      let claimed = try #require(
        try await {
          try await test.add("1", coalescing: "c"); return try await test.queue.claim(1).first
        }())
      let second = try await test.add("2", coalescing: "c")
      try await test.add("3", coalescing: "c")
      #expect(try await test.queue.snapshot(second) == nil)
      #expect(try await test.queue.claim(5).isEmpty)
      try await test.queue.settle(claimed, .delivered(attempt: 1))
      try await test.worker.drain()
      #expect(test.attempted == ["3"])
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("The place in line of another operation is not touched by replacing", arguments: TestEngine.allCases)
  func withinAKey(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      try await test.add("a", key: "k", coalescing: "c")
      try await test.add("b", key: "k")
      try await test.add("c", key: "k", coalescing: "c")
      try await test.worker.drain()
      #expect(test.attempted == ["b", "c"])
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }
}
