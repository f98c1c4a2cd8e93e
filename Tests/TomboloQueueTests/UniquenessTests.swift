import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Uniqueness: what happens when one with the same coalescing key is there", .timeLimit(.minutes(10)))
struct UniquenessTests {
  private func operation(_ payload: String, _ policy: UniquenessPolicy?, key: String = "c") -> NewOperation {
    NewOperation(kind: "test", payload: Array(payload.utf8), coalescingKey: key, uniqueness: policy)
  }

  private func delivered(_ test: TestQueue) -> [String] {
    test.handler.calls.map { String(decoding: $0.operation.payload, as: UTF8.self) }
  }

  @Test(
    "While one waits, each policy does what it says and the receipt tells which it was",
    arguments: [
      (UniquenessPolicy.keep, ["1"]), (.replace, ["2"]), (.append, ["1", "2"]), (.keepLatestWhileActive, ["1"]),
    ])
  func waiting(policy: UniquenessPolicy, expected: [String]) async throws {
    try await withQueue(.memory) { test, _ in
      let first = try await test.queue.enqueue(operation("1", nil))
      let second = try await test.queue.enqueue(operation("2", policy))
      #expect(first.disposition == .added)
      switch policy {
      case .keep, .keepLatestWhileActive:
        #expect(second == EnqueueReceipt(id: first.id, state: .pending, disposition: .kept))
      case .replace: #expect(second.disposition == .replaced(first.id))
      case .append: #expect(second.disposition == .appended(first.id))
      case .merge: break
      }
      try await test.worker.drain()
      #expect(delivered(test) == expected)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test(
    "What the new operation waits for, or a later one of its batch, is not taken away: the new one is added behind it",
    arguments: [UniquenessPolicy.replace, .merge])
  func awaited(policy: UniquenessPolicy) async throws {
    try await withQueue(.memory) { test, _ in
      let first = try await test.queue.enqueue(operation(#"{"a":1}"#, policy)).id
      var second = operation(#"{"a":2}"#, policy)
      second.after = [.operation(first)]
      let third = try await test.queue.enqueue(second)
      #expect(third.disposition == .appended(first))
      let receipts = try await test.queue.enqueue([
        operation(#"{"a":3}"#, policy), NewOperation(kind: "child", after: [.operation(third.id)]),
      ])
      #expect(receipts.map(\.disposition) == [.appended(third.id), .added])
      try await test.worker.drain()
      #expect(delivered(test).filter { !$0.isEmpty } == [1, 2, 3].map { #"{"a":\#($0)}"# })
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test(
    "While one is being delivered it is not touched, and what follows it is as the policy says",
    arguments: [
      (UniquenessPolicy.keep, ["2"]), (.replace, ["4"]), (.append, ["2", "3", "4"]), (.keepLatestWhileActive, ["4"]),
    ])
  func active(policy: UniquenessPolicy, expected: [String]) async throws {
    try await withQueue(.memory) { test, _ in
      let first = try await test.queue.enqueue(operation("1", policy))
      let claimed = try #require(try await test.queue.claim(1).first)
      #expect(try await test.queue.enqueue(operation("2", policy)).disposition == .appended(first.id))
      for number in ["3", "4"] { try await test.queue.enqueue(operation(number, policy)) }
      #expect(try await test.queue.claim(9).isEmpty)
      try await test.queue.settle(claimed, .delivered(attempt: 1))
      try await test.worker.drain()
      #expect(delivered(test) == expected)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("Merging makes one operation with the members of both, and tells which it took the place of")
  func merge() async throws {
    try await withQueue(.sqlite) { test, place in
      let events = test.queue.events()
      let old = try await test.queue.enqueue(operation(#"{"a":1.50,"b":{"c":true}}"#, nil))
      let new = try await test.queue.enqueue(operation(#"{"b":{"d":[1]},"e":null}"#, .merge))
      #expect(new.disposition == .merged(old.id))
      let later = try await test.reopened(in: place)
      try await later.worker.drain()
      #expect(delivered(test) == [#"{"a":1.50,"b":{"c":true,"d":[1]},"e":null}"#])
      let told = await events.prefix(3).reduce(into: []) { $0.append($1.change) }
      #expect(told == [.enqueued, .superseded(by: new.id), .enqueued])
    }
  }

  @Test(
    "What takes the place of a waiting one takes over its base: what both changed is one change of that",
    arguments: [UniquenessPolicy.replace, .merge], ["{}", nil])
  func base(policy: UniquenessPolicy, base: String?) async throws {
    try await withQueue(.memory) { test, _ in
      var first = operation(#"{"a":1}"#, nil)
      first.base = base.map { Array($0.utf8) }
      var second = operation(#"{"a":1,"b":2}"#, policy)
      second.base = first.payload
      try await test.queue.enqueue(first)
      let id = try await test.queue.enqueue(second).id
      let stored = try #require(try await test.queue.snapshot(id)).operation
      #expect(stored.base == first.base)
      #expect(stored.payload == second.payload)
    }
  }

  @Test("What follows a waiting one keeps its own base: it is a change of what the other leaves")
  func appendedBase() async throws {
    try await withQueue(.memory) { test, _ in
      try await test.queue.enqueue(operation("1", nil))
      var second = operation("2", .append)
      second.base = [0x31]
      let id = try await test.queue.enqueue(second).id
      #expect(try await test.queue.snapshot(id)?.operation.base == [0x31])
    }
  }

  @Test("What cannot be merged is refused with the reason, and the waiting one stays as it was")
  func notMergeable() async throws {
    try await withQueue(.memory) { test, _ in
      let old = try await test.queue.enqueue(operation("[1]", nil))
      let error = try await queueError { try await test.queue.enqueue(operation("{}", .merge)) }
      #expect(error?.code == .invalidOperation)
      #expect(error?.field == "payload")
      #expect(error?.message.contains(old.id.description) == true)
      #expect(try await test.queue.snapshot(old.id)?.operation.payload == Array("[1]".utf8))
      #expect(try await test.queue.status().pending == 1)
    }
  }

  @Test("An operation that others wait for is not taken away: the newer one follows it")
  func awaited() async throws {
    try await withQueue(.memory) { test, _ in
      let first = try await test.queue.enqueue(operation("1", nil))
      try await test.queue.enqueue(NewOperation(kind: "test", payload: [0x32], after: [.operation(first.id)]))
      #expect(try await test.queue.enqueue(operation("3", .replace)).disposition == .appended(first.id))
      try await test.worker.drain()
      #expect(Set(delivered(test)) == ["1", "2", "3"])
      #expect(delivered(test).first == "1")
    }
  }

  @Test("Keys of one namespace are not those of another")
  func namespaces() async throws {
    try await withQueue(.memory) { test, _ in
      var ids: Set<OperationID> = []
      for namespace in [nil, "a", "b"] as [String?] {
        var operation = operation("1", .replace)
        operation.namespace = namespace
        operation.idempotencyKey = "i"
        let receipt = try await test.queue.enqueue(operation)
        #expect(receipt.disposition == .added)
        #expect(try await test.queue.enqueue(operation).disposition == .repeated)
        ids.insert(receipt.id)
      }
      #expect(ids.count == 3)
    }
  }
}
