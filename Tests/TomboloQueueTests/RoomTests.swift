import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("The limits on count and bytes", .timeLimit(.minutes(10)))
struct RoomTests {
  @Test("Rejecting changes nothing and names the limit", arguments: TestEngine.allCases)
  func reject(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.operationsMaximum = 2 }) { test, _ in
      for _ in 0..<2 { try await test.add(priority: .background) }
      let error = try await queueError { try await test.add(priority: .critical) }
      #expect(error?.code == .full)
      #expect(error?.message.contains("queue.operationsMaximum") == true)
      #expect(try await test.queue.status().pending == 2)
    }
  }

  @Test("The lowest goes first, within a priority the newest, and each is told", arguments: TestEngine.allCases)
  func dropLowest(engine: TestEngine) async throws {
    try await withQueue(engine, { ($0.operationsMaximum, $0.limitPolicy) = (4, .dropLowest) }) { test, _ in
      let events = test.queue.events()
      let old = try await test.add("old", priority: .background)
      let new = try await test.add("new", key: "k", priority: .background)
      let low = try await test.add("low", priority: .low)
      let normal = try await test.add("normal")
      let urgent = try await test.queue.enqueue(NewOperation(kind: "urgent", priority: .critical))
      #expect(urgent.dropped == [new])
      #expect(try await test.queue.enqueue(NewOperation(kind: "next", priority: .high)).dropped == [old])
      #expect(try await test.queue.enqueue(NewOperation(kind: "last", priority: .normal)).dropped == [low])
      // Nothing that is left is lower.
      #expect(try await queueError { try await test.add("normal") }?.code == .full)
      #expect(try await test.state(normal) == .pending)
      let status = try await test.queue.status()
      #expect(status.pending == 4 && status.discarded == 3)
      let told = await events.filter { if case .discarded = $0.change { true } else { false } }.prefix(3)
        .reduce(into: []) { $0.append($1) }
      #expect(told.map(\.id) == [new, old, low])
      #expect(
        told.first?.change == .discarded(reason: "the queue was full, and the more urgent operation \(urgent.id) came"))
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("What is being delivered, held, or waited for stays")
  func stays() async throws {
    try await withQueue(.memory, { ($0.operationsMaximum, $0.limitPolicy) = (3, .dropLowest) }) { test, _ in
      try await test.add("flying", priority: .background)
      _ = try await test.queue.claim(1)
      let parent = try await test.add("parent", priority: .background)
      try await test.queue.enqueue(NewOperation(kind: "child", priority: .critical, after: [.operation(parent)]))
      #expect(try await queueError { try await test.add(priority: .critical) }?.code == .full)
    }
  }

  @Test("What the new operation waits for stays, and so does what a later one of its batch waits for")
  func awaited() async throws {
    try await withQueue(.memory, { ($0.operationsMaximum, $0.limitPolicy) = (2, .dropLowest) }) { test, _ in
      let parent = try await test.add("parent", priority: .background)
      let other = try await test.add("other", priority: .low)
      let child = NewOperation(kind: "child", priority: .critical, after: [.operation(parent)])
      #expect(try await test.queue.enqueue(child).dropped == [other])
      #expect(try await queueError { try await test.queue.enqueue(child) }?.code == .full)
      try await test.worker.drain()
      #expect(test.attempted == ["parent", "child"])
    }
    try await withQueue(.memory, { ($0.operationsMaximum, $0.limitPolicy) = (3, .dropLowest) }) { test, _ in
      let parent = try await test.add("parent", priority: .background)
      let others = [try await test.add("low", priority: .low), try await test.add("normal")]
      let receipts = try await test.queue.enqueue([
        NewOperation(kind: "first", priority: .critical),
        NewOperation(kind: "child", priority: .critical, after: [.operation(parent)]),
      ])
      #expect(receipts.map(\.dropped) == [[others[0]], [others[1]]])
    }
    try await withQueue(.memory, { ($0.operationsMaximum, $0.limitPolicy) = (3, .dropLowest) }) { test, _ in
      let others = [try await test.add("normal"), try await test.add("normal")]
      let receipts = try await test.queue.enqueue([
        NewOperation(kind: "parent", priority: .background),
        NewOperation(kind: "first", priority: .critical),
        NewOperation(kind: "child", priority: .critical, after: [.inBatch(0)]),
      ])
      #expect(receipts.map(\.dropped) == [[], [others[1]], [others[0]]])
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("Coalescing at the limit leaves what the new operation waits for")
  func awaitedByItsSuccessor() async throws {
    try await withQueue(.memory, { ($0.operationsMaximum, $0.limitPolicy) = (1, .coalesce) }) { test, _ in
      let first = try await test.add("set", key: "k")
      let second = NewOperation(kind: "set", orderingKey: "k", after: [.operation(first)])
      #expect(try await queueError { try await test.queue.enqueue(second) }?.code == .full)
      #expect(try await test.state(first) == .pending)
    }
  }

  @Test("Bytes count too, and as many go as are needed")
  func bytes() async throws {
    try await withQueue(.memory, { ($0.bytesMaximum, $0.limitPolicy) = (100, .dropLowest) }) { test, _ in
      var ids: [OperationID] = []
      for _ in 0..<4 { ids.append(try await test.add(priority: .low, payload: [UInt8](repeating: 1, count: 25))) }
      let receipt = try await test.queue.enqueue(NewOperation(kind: "b", payload: [UInt8](repeating: 2, count: 60)))
      #expect(receipt.dropped == [ids[3], ids[2], ids[1]])
      #expect(try await test.queue.status().byteCount == 85)
    }
  }

  @Test("Coalescing lets the newest of the same kind and key go, and tells it as superseded")
  func coalesce() async throws {
    try await withQueue(.memory, { ($0.operationsMaximum, $0.limitPolicy) = (3, .coalesce) }) { test, _ in
      try await test.add("set", key: "k")
      try await test.add("other", key: "k")
      let last = try await test.add("set", key: "k")
      #expect(try await test.queue.enqueue(NewOperation(kind: "set", orderingKey: "k")).dropped == [last])
      #expect(try await test.queue.status().superseded == 1)
      #expect(try await queueError { try await test.add("set", key: "l") }?.code == .full)
      try await test.worker.drain()
      #expect(test.attempted == ["set", "other", "set"])
    }
  }
}
