import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Editing what waits for a person, and the line of a key", .timeLimit(.minutes(10)))
struct EditTests {
  @Test("A dead operation gets another payload, is put back, and is delivered with it", arguments: TestEngine.allCases)
  func edit(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      test.handler.setAnswer { operation, _ in operation.payload == [1, 2] ? .delivered : .reject(TestQueue.failure) }
      let id = try await test.queue.enqueue(
        NewOperation(kind: "test", payload: [9], orderingKey: "k", idempotencyKey: "i")
      ).id
      #expect(try await queueError { try await test.queue.edit(id, payload: [1, 2]) }?.code == .wrongState)
      try await test.worker.drain()
      try await test.queue.edit(id, payload: [1, 2], version: 2)
      #expect(try await test.queue.status().byteCount == 2)
      let later = try await test.reopened(in: place)
      try await later.queue.retry(id)
      #expect(try await later.worker.drain().delivered == 1)
      #expect(test.handler.calls.last?.operation.version == 2)
      #expect(test.handler.calls.last?.operation.idempotencyKey == "i")
      #expect(try await later.queue.status().byteCount == 0)
      #expect(try await QueueAudit.problems(in: later.store).isEmpty)
      #expect(try await queueError { try await later.queue.edit(id, payload: []) }?.code == .notFound)
    }
  }

  @Test("The line of a key tells how many wait, and why the first does")
  func line() async throws {
    try await withQueue(.memory) { test, _ in
      #expect(try await test.queue.line("k").isEmpty)
      test.handler.setAnswer { _, _ in .retry(after: nil, TestQueue.failure) }
      let first = try await test.add(key: "k")
      for _ in 0..<3 { try await test.add(key: "k") }
      try await test.worker.drain()
      let line = try await test.queue.line("k")
      #expect(line.count == 4)
      #expect(line.head?.operation.id == first)
      #expect(line.head?.state == .retrying)
      #expect(try await test.queue.line("k", namespace: "other").isEmpty)
    }
  }
}
