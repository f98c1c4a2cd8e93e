import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Observing a queue", .timeLimit(.minutes(10)))
struct ObservingTests {
  @Test("Every change is told once, in order, for each operation", arguments: TestEngine.allCases)
  func events(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      let events = test.queue.events()
      test.handler.setAnswer { operation, attempt in
        switch (operation.kind, attempt.number) {
        case ("a", 1): .retry(after: nil, TestQueue.failure)
        case ("a", _): .delivered
        case ("b", _): .park(TestQueue.failure)
        default: .reject(TestQueue.failure)
        }
      }
      let due = test.time.now.advanced(by: .seconds(10))
      let (a, b) = (try await test.add("a"), try await test.add("b"))
      let c = try await test.add("c")
      try await test.worker.drain()
      test.time.advance(by: .seconds(10))
      try await test.worker.drain()
      try await test.queue.retry(c)
      try await test.queue.discard(b, reason: "no")
      let marker = try await test.add("end")

      var changes: [OperationID: [QueueEvent.Change]] = [:]
      for await event in events {
        if event.id == marker { break }
        changes[event.id, default: []].append(event.change)
      }
      #expect(
        changes[a] == [
          .enqueued, .started(attempt: 1), .retried(TestQueue.failure, due: due), .started(attempt: 2),
          .delivered(attempt: 2),
        ])
      #expect(
        changes[b] == [.enqueued, .started(attempt: 1), .parked(TestQueue.failure), .discarded(reason: "no")])
      #expect(changes[c] == [.enqueued, .started(attempt: 1), .deadLettered(TestQueue.failure), .redriven])
    }
  }

  @Test("A pass sums up what it did and what it left, as numbers and as a sentence", arguments: TestEngine.allCases)
  func summary(engine: TestEngine) async throws {
    try await withQueue(engine, resolver: RemoteWinsConflictResolver()) { test, _ in
      test.handler.setAnswer { operation, _ in
        test.time.advance(by: .milliseconds(500))
        return switch operation.kind {
        case "good": .delivered
        case "retry": .retry(after: nil, TestQueue.failure)
        case "snooze": .snooze(for: .seconds(99), TestQueue.failure)
        case "conflict": .conflict(RemoteVersion(detail: "409"))
        case "park": .park(TestQueue.failure)
        default: .reject(TestQueue.failure)
        }
      }
      for kind in ["good", "good", "retry", "snooze", "conflict", "park", "reject"] {
        try await test.add(kind, key: kind)
      }
      try await test.add("behind", key: "retry")
      let summary = try await test.worker.drain()
      #expect(summary.attempted == 7)
      #expect(summary.delivered == 2)
      #expect(summary.retried == 1)
      #expect(summary.snoozed == 1)
      #expect(summary.conflicted == 1)
      #expect(summary.discarded == 1)
      #expect(summary.parked == 1)
      #expect(summary.deadLettered == 1)
      #expect(summary.skipped.retrying == 1)
      #expect(summary.skipped.blocked == 1)
      #expect(summary.skipped.held == 2)
      #expect(summary.duration == .milliseconds(3_500))
      #expect(summary.description.hasPrefix("7 attempts, 2 delivered, 1 retried, 1 snoozed, 1 conflicted"))
      #expect(summary.description.contains("in 3.5 s; left: "))
    }
  }

  @Test("Counts that are kept are those one would count, and come back", arguments: TestEngine.allCases)
  func status(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      try await test.add("a", key: "k", payload: [1, 2])
      test.time.advance(by: .seconds(3))
      try await test.add("b", key: "k", payload: [3])
      _ = try await test.queue.claim(1)
      var status = try await test.queue.status()
      #expect((status.pending, status.delivering, status.blocked, status.byteCount) == (0, 1, 1, 3))
      #expect(status.oldestPending == test.time.now.advanced(by: .seconds(-3)))
      let later = try await test.reopened(in: place)
      status = try await later.queue.status()
      #expect((status.pending, status.delivering, status.blocked, status.byteCount) == (1, 0, 1, 3))
    }
  }

  @Test("A listing gives every operation once, page by page, and each filter its own", arguments: TestEngine.allCases)
  func listing(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      var ids: [OperationID] = []
      for number in 0..<25 { ids.append(try await test.add("kind\(number % 2)", key: "k\(number % 3)")) }
      var seen: [OperationID] = []
      var cursor: OperationID?
      repeat {
        let page = try await test.queue.list(after: cursor, limit: 7)
        seen += page.snapshots.map(\.operation.id)
        cursor = page.cursor
      } while cursor != nil
      #expect(seen == ids)
      let filtered = try await test.queue.list(OperationFilter(state: .blocked, kind: "kind1", orderingKey: "k0"))
      let expected = ids.indices.filter { $0 % 3 == 0 && $0 % 2 == 1 && $0 >= 3 }.map { ids[$0] }
      #expect(filtered.snapshots.map(\.operation.id) == expected)
    }
  }

  @Test(
    "Every reason to wait is a sentence",
    arguments: [
      (.itsTurn, "it is next in line"), (.delivering, "being delivered right now"),
      (
        .backoff(until: Timestamp(millisecondsSinceEpoch: 0), TestQueue.failure),
        "backoff ends at 1970-01-01T00:00:00.000Z, after: no luck"
      ),
      (.scheduled(until: Timestamp(millisecondsSinceEpoch: 0)), "not to be delivered before 1970"),
      (.behind(OperationID(high: 0, low: 1)), "behind operation 00000000-0000-0000-0000-000000000001"),
      (
        .network(.portal, since: Timestamp(millisecondsSinceEpoch: 0), detail: "a hotel"),
        "the network is portal since 1970-01-01T00:00:00.000Z (a hotel)"
      ),
      (
        .suspended(until: Timestamp(millisecondsSinceEpoch: 0), TestQueue.failure),
        "the upstream is not called before 1970-01-01T00:00:00.000Z: no luck"
      ),
      (
        .spread(until: Timestamp(millisecondsSinceEpoch: 0)),
        "the network is back, and it starts at 1970-01-01T00:00:00.000Z at the latest"
      ),
      (.paced(upstream: "billing"), "the upstream billing is called slowly after an outage or an overload"),
      (.held(nil), "waits for a person"), (.held(TestQueue.failure), "waits for a person: no luck"),
    ] as [(WaitingReason, String)])
  func reasons(reason: WaitingReason, words: String) {
    #expect(reason.description.contains(words))
  }
}
