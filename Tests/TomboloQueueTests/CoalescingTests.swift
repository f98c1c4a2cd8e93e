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

  @Test(
    "A coalescing key in use under another ordering key is refused, so that no two of it are delivered at once",
    arguments: [("A", "B"), ("A", nil), (nil, "B")] as [(String?, String?)], [false, true])
  func anotherLine(keys: (String?, String?), isDelivering: Bool) async throws {
    try await withQueue(.memory) { test, _ in
      let first = try await test.add("1", key: keys.0, coalescing: "c")
      if isDelivering { _ = try await test.queue.claim(1) }
      let error = try await queueError { try await test.add("2", key: keys.1, coalescing: "c") }
      #expect(error?.code == .invalidOperation && error?.field == "coalescingKey")
      for word in ["coalescing key c", "\(first)", "another coalescing key"] + [keys.0, keys.1].compactMap({ $0 }) {
        #expect(error?.message.contains(word) == true, "\(word): \(error?.message ?? "")")
      }
      #expect(try await test.state(first) == (isDelivering ? .delivering : .pending))
      // In another namespace it is another key.
      try await test.queue.enqueue(NewOperation(kind: "2", orderingKey: keys.1, coalescingKey: "c", namespace: "n"))
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("A coalescing key may come under another ordering key once its operation is gone, or held for a person")
  func anotherLineLater() async throws {
    try await withQueue(.memory) { test, _ in
      for (key, settlement) in [
        ("A", Settlement.delivered(attempt: 1)), ("B", .deadLetter(TestQueue.failure)), ("C", .delivered(attempt: 1)),
      ] {
        let id = try await test.add(key: key, coalescing: "c")
        let claimed = try #require(try await test.queue.claim(1).first)
        #expect(claimed.id == id)
        try await test.queue.settle(claimed, settlement)
      }
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
