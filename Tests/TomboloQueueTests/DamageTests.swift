import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Damaged records", .timeLimit(.minutes(10)))
struct DamageTests {
  /// The records of an operation, or of its line, that a test damages.
  enum Part: CaseIterable {
    case operation, progress, line, wait, operationAndLine, operationAndWait, head

    func keys(_ id: OperationID, due: Timestamp) -> [Key] {
      let name = OrderingKey(stored: "ok")
      return switch self {
      case .operation: [QueueLayout.operation(id)]
      case .progress: [QueueLayout.progress(id)]
      case .line: [QueueLayout.inLine(name, id)]
      case .wait: [QueueLayout.retrying(due, id)]
      case .operationAndLine: [QueueLayout.operation(id), QueueLayout.inLine(name, id)]
      case .operationAndWait: [QueueLayout.operation(id), QueueLayout.retrying(due, id)]
      case .head: [QueueLayout.orderingKey(name)]
      }
    }
  }

  /// An operation that waits for its backoff, one behind it, and one of another key; the first one's records damaged, in a
  /// new process.
  @Test("The rest of the queue goes on, whatever is damaged", arguments: TestEngine.allCases, Part.allCases)
  func retrying(engine: TestEngine, part: Part) async throws {
    try await withQueue(engine) { test, place in
      test.handler.setAnswer { _, _ in .retry(after: nil, TestQueue.failure) }
      let bad = try await test.add("bad", key: "k", priority: .low)
      try await test.worker.drain()
      test.handler.setAnswer { _, _ in .delivered }
      let due = test.time.now.advanced(by: .seconds(10))
      for key in part.keys(bad, due: due) { try await test.damage(key) }
      let later = try await test.reopened(in: place)
      test.time.advance(by: .seconds(10))
      let other = try await later.add("other", key: "o", priority: .background)
      if part != .head { try await later.add("behind", key: "k", priority: .critical) }
      try await later.worker.drain()
      #expect(try await later.queue.snapshot(other) == nil)
      switch part {
      case .line, .wait, .head:
        #expect(test.attempted.filter { $0 == "bad" }.count == 2)
      case .operation, .progress, .operationAndLine, .operationAndWait:
        let snapshot = try #require(try await later.queue.snapshot(bad))
        #expect(snapshot.state == .parked)
        #expect(snapshot.lastFailure?.code == .undecodable)
        #expect(test.attempted.filter { $0 == "bad" }.count == 1)
      }
      // Of an operation whose own bytes and whose entry are damaged nothing tells the key.
      if part != .operationAndWait, part != .head { #expect(test.attempted.contains("behind")) }
      _ = try await later.queue.list()
    }
  }

  @Test(
    "A line goes on behind a damaged head and past damaged members, whatever priority they took over",
    arguments: TestEngine.allCases, [[0], [1], [0, 1], [1, 2]])
  func members(engine: TestEngine, damaged: [Int]) async throws {
    try await withQueue(engine) { test, place in
      var ids: [OperationID] = []
      for (number, priority) in [OperationPriority.low, .critical, .normal, .high].enumerated() {
        ids.append(try await test.add("\(number)", key: "k", priority: priority))
      }
      for index in damaged {
        try await test.damage(QueueLayout.operation(ids[index]))
        try await test.damage(QueueLayout.inLine(OrderingKey(stored: "ok"), ids[index]))
      }
      let later = try await test.reopened(in: place)
      let summary = try await later.worker.drain()
      #expect(summary.parked == damaged.count)
      #expect(test.attempted == (0..<4).filter { !damaged.contains($0) }.map(String.init))
      #expect(try await later.queue.status().blocked == 0)

      // A parked one can be thrown away, and the key is used again.
      for index in damaged { try await later.queue.discard(ids[index], reason: "damaged") }
      try await later.add("new", key: "k")
      try await later.worker.drain()
      #expect(test.attempted.last == "new")
      #expect(try await later.queue.status().parked == 0)
      #expect(try await QueueAudit.problems(in: later.store).allSatisfy { $0.hasPrefix("counts say") })
    }
  }

  @Test("Every byte of an operation may be damaged: it is parked, and nothing traps", arguments: ["k", nil])
  func everyByte(key: String?) async throws {
    func place(_ id: OperationID) -> Key { key == nil ? QueueLayout.single(id) : QueueLayout.operation(id) }
    let size = try await { () async throws -> Int in
      let test = try await TestQueue.open(InMemoryStore())
      let id = try await test.add("bad", key: key, payload: [1, 2, 3])
      return try #require(try await test.store.get(place(id))).value.count
    }()
    for index in 0..<size {
      let test = try await TestQueue.open(InMemoryStore())
      let id = try await test.add("bad", key: key, payload: [1, 2, 3])
      try await test.add("behind", key: key)
      var value = try #require(try await test.store.get(place(id))).value
      value[index] ^= 0xFF
      var batch = Batch()
      batch.put(place(id), value)
      _ = try await test.store.commit([batch])
      let later = try await TestQueue.open(test.store, after: test)
      let summary = try await later.worker.drain()
      #expect(summary.parked == 1 && summary.delivered == 1, "byte \(index)")
      // As it was, so that whoever can read it may still do.
      #expect(try await test.store.get(QueueLayout.operation(id))?.value == value)
      #expect(try await later.queue.snapshot(id)?.lastFailure?.code == .undecodable)
    }
  }

  @Test("Damaged counts keep the queue from opening, with the reason", arguments: TestEngine.allCases)
  func counts(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      try await test.add()
      try await test.damage(QueueLayout.counts)
      let store = try await place.reopen(test.store)
      let error = try await queueError { _ = try await SyncQueue.open(store: store) }
      #expect(error?.code == .damaged)
      #expect(error?.message.contains("counts") == true)
    }
  }

  @Test("An entry of the ready index without its operation is swept away", arguments: TestEngine.allCases)
  func sweep(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      let id = try await test.add("gone", priority: .high)
      try await test.add("there")
      var batch = Batch()
      batch.delete(QueueLayout.operation(id))
      _ = try await test.store.commit([batch])
      let later = try await test.reopened(in: place)
      try await later.worker.drain()
      #expect(test.attempted == ["there"])
      #expect(try await later.store.get(QueueLayout.ready(.high, id)) == nil)
    }
  }
}
