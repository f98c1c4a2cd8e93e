import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Rewriting what waits", .timeLimit(.minutes(10)))
struct RewriteTests {
  private let longer: @Sendable ([UInt8]) -> [UInt8] = { $0 + [0xFF] }

  @Test(
    "Waiting operations get other bytes, keep their places, and change with the caller's own records",
    arguments: TestEngine.allCases)
  func rewrite(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.concurrency = 1 }) { test, place in
      let first = try await test.queue.enqueue(NewOperation(kind: "a", payload: [1])).id
      let second = try await test.queue.enqueue(
        NewOperation(
          kind: "b", payload: [2], orderingKey: "k", idempotencyKey: "i", after: [.operation(first)], base: [3])
      ).id
      let third = try await test.queue.enqueue(NewOperation(kind: "c", payload: [4], orderingKey: "k")).id
      let gone = OperationID(high: 1, low: 1)
      let own = Batch(mutations: [.put(Key("mine"), [7])])
      try await test.queue.rewrite([second, third, gone], alongside: own, longer)
      #expect(try await test.queue.status().byteCount == 7)
      let later = try await test.reopened(in: place)
      #expect(try await later.store.get(Key("mine"))?.value == [7])
      #expect(try await later.queue.snapshot(second)?.state == .blocked)
      #expect(try await later.queue.snapshot(second)?.operation.base == [3, 0xFF])
      try await later.worker.drain()
      #expect(test.handler.calls.map(\.operation.payload) == [[1], [2, 0xFF], [4, 0xFF]])
      #expect(test.handler.calls.map(\.operation.id) == [first, second, third])
      #expect(test.handler.calls[1].operation.idempotencyKey == "i")
      #expect(try await later.queue.status().byteCount == 0)
      #expect(try await QueueAudit.problems(in: later.store).isEmpty)
    }
  }

  @Test("When a check of the caller's does not hold, nothing is rewritten")
  func refused() async throws {
    try await withQueue(.memory) { test, _ in
      let id = try await test.queue.enqueue(NewOperation(kind: "a", payload: [1])).id
      var own = Batch(mutations: [.put(Key("mine"), [7])])
      own.checks.append(Check(key: Key("mine"), expected: Revision(rawValue: 99)))
      let error = await #expect(throws: StoreError.self) {
        try await test.queue.rewrite([id], alongside: own, longer)
      }
      #expect(error?.code == .conflict)
      #expect(try await test.queue.snapshot(id)?.operation.payload == [1])
      #expect(try await test.queue.status().byteCount == 1)
    }
  }

  @Test("One that is being delivered is not rewritten, nor is anything with it")
  func delivering() async throws {
    try await withQueue(.memory) { test, _ in
      let queue = test.queue
      let other = try await queue.enqueue(NewOperation(kind: "z", payload: [2], orderingKey: "k")).id
      let id = try await queue.enqueue(NewOperation(kind: "a", payload: [1], priority: .critical)).id
      let rewrite = longer
      test.handler.setAnswer { operation, _ in
        guard operation.id == id else { return .delivered }
        do {
          try await queue.rewrite([other, id], rewrite)
          return .reject(TestQueue.failure)
        } catch let error as QueueError where error.code == .delivering {
          return .delivered
        }
      }
      let summary = try await test.worker.drain()
      #expect(summary.delivered == 2)
      #expect(test.handler.calls.first { $0.operation.id == other }?.operation.payload == [2])
    }
  }
}
