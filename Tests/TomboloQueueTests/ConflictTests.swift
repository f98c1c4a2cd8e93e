import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Conflicts", .timeLimit(.minutes(10)))
struct ConflictTests {
  enum Resolver: CaseIterable {
    case timestamp, local, remote, manual

    var made: any ConflictResolver {
      switch self {
      case .timestamp: TimestampConflictResolver()
      case .local: LocalWinsConflictResolver()
      case .remote: RemoteWinsConflictResolver()
      case .manual: ManualConflictResolver()
      }
    }
  }

  enum End { case delivered, discarded, parked }

  @Test(
    "The resolver decides whose version stands",
    arguments: TestEngine.allCases,
    [
      (.timestamp, -1, .delivered), (.timestamp, 1, .discarded), (.timestamp, 0, .discarded),
      (.timestamp, nil, .parked),
      (.timestamp, -400 * 86_400, .parked), (.local, 1, .delivered), (.remote, -1, .discarded), (.manual, -1, .parked),
    ] as [(Resolver, Int?, End)])
  func resolution(engine: TestEngine, row: (resolver: Resolver, remoteSeconds: Int?, end: End)) async throws {
    try await withQueue(engine, resolver: row.resolver.made) { test, _ in
      let modifiedAt = row.remoteSeconds.map { test.time.now.advanced(by: .seconds($0)) }
      test.handler.setAnswer { _, attempt in
        guard attempt.replacing == nil else { return .delivered }
        return .conflict(RemoteVersion(tag: "\"v2\"", modifiedAt: modifiedAt, payload: [9], detail: "412"))
      }
      let id = try await test.add(payload: [1])
      let summary = try await test.worker.drain()
      #expect(summary.conflicted == 1)
      switch row.end {
      case .delivered:
        #expect(summary.delivered == 1)
        #expect(test.handler.calls.last?.attempt.number == 2)
        #expect(test.handler.calls.last?.attempt.replacing?.tag == "\"v2\"")
        #expect(test.handler.calls.last?.operation.payload == [1])
      case .discarded:
        #expect(summary.discarded == 1)
        #expect(try await test.queue.status().discarded == 1)
      case .parked:
        #expect(try await test.state(id) == .parked)
        #expect(try await test.queue.snapshot(id)?.lastFailure?.code == .conflict)
      }
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  /// Puts both payloads together.
  private struct Merging: ConflictResolver {
    func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult {
      .merged(operation.payload + (remote.payload ?? []))
    }
  }

  private struct Failing: ConflictResolver {
    func resolve(_ operation: SyncOperation, against remote: RemoteVersion) throws -> ResolutionResult {
      throw TestQueue.failure
    }
  }

  @Test("A merged value is delivered, and its bytes are counted", arguments: TestEngine.allCases)
  func merged(engine: TestEngine) async throws {
    try await withQueue(engine, resolver: Merging()) { test, place in
      test.handler.setAnswer { _, attempt in
        attempt.replacing == nil
          ? .conflict(RemoteVersion(tag: "t", payload: [8, 9], detail: "409"))
          : .snooze(for: .seconds(1), TestQueue.failure)
      }
      try await test.add(payload: [1])
      try await test.worker.drain()
      // What it was merged with is its base now.
      #expect(try await test.queue.status().byteCount == 5)
      let later = try await test.reopened(in: place)
      #expect(try await later.queue.list().snapshots.first?.operation.payload == [1, 8, 9])
      test.time.advance(by: .seconds(1))
      try await later.worker.drain()
      #expect(test.handler.calls.last?.attempt.replacing?.tag == "t")
    }
  }

  @Test("What stands after a conflict is a change of the version it met, so the next one is merged with that")
  func laterBase() async throws {
    let versions = [#"{"city":"y","name":"a"}"#, #"{"city":"z","name":"a"}"#].map { Array($0.utf8) }
    try await withQueue(.memory, resolver: ThreeWayMergeConflictResolver()) { test, _ in
      test.handler.setAnswer { _, attempt in
        guard attempt.number <= versions.count else { return .snooze(for: .seconds(1), TestQueue.failure) }
        return .conflict(RemoteVersion(payload: versions[attempt.number - 1], detail: "412"))
      }
      let id = try await test.queue.enqueue(
        NewOperation(
          kind: "test", payload: Array(#"{"city":"x","name":"b"}"#.utf8), base: Array(#"{"city":"x","name":"a"}"#.utf8))
      ).id
      try await test.worker.drain()
      let stored = try #require(try await test.queue.snapshot(id))
      #expect(stored.state == .retrying, "\(String(describing: stored.lastFailure))")
      #expect(String(decoding: stored.operation.payload, as: UTF8.self) == #"{"city":"z","name":"b"}"#)
      #expect(stored.operation.base == versions[1])
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("An edit that takes the place of one that was merged keeps the base it was made on")
  func baseBesideMerged() async throws {
    try await withQueue(.memory, resolver: ThreeWayMergeConflictResolver()) { test, _ in
      let met = Array(#"{"city":"y","name":"a"}"#.utf8)
      test.handler.setAnswer { _, attempt in
        attempt.number == 1
          ? .conflict(RemoteVersion(payload: met, detail: "412")) : .retry(after: nil, TestQueue.failure)
      }
      func edit(_ payload: String, on base: String) async throws -> OperationID {
        try await test.queue.enqueue(
          NewOperation(kind: "test", payload: Array(payload.utf8), coalescingKey: "k", base: Array(base.utf8))
        ).id
      }
      let first = try await edit(#"{"city":"x","name":"b"}"#, on: #"{"city":"x","name":"a"}"#)
      try await test.worker.drain()
      #expect(try await test.queue.snapshot(first)?.operation.base == met)
      // Made on what was seen here, which was not the other's version.
      let second = try await edit(#"{"city":"x","name":"c"}"#, on: #"{"city":"x","name":"b"}"#)
      #expect(try await test.queue.snapshot(second)?.operation.base == Array(#"{"city":"x","name":"b"}"#.utf8))
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("Settled by hand it is a change of the version that the person saw", arguments: [true, false])
  func baseByHand(isMerged: Bool) async throws {
    try await withQueue(.memory, resolver: ManualConflictResolver()) { test, _ in
      test.handler.setAnswer { _, _ in .conflict(RemoteVersion(payload: [9], detail: "412")) }
      let id = try await test.queue.enqueue(NewOperation(kind: "test", payload: [2], base: [1])).id
      try await test.worker.drain()
      try await test.queue.resolve(id, with: isMerged ? .merged([3]) : .local)
      let stored = try #require(try await test.queue.snapshot(id)).operation
      #expect(stored.base == [9])
      #expect(stored.payload == [isMerged ? 3 : 2])
    }
  }

  @Test("An operation without a base gets none when it stands as it is")
  func noBase() async throws {
    try await withQueue(.memory, resolver: LocalWinsConflictResolver()) { test, _ in
      test.handler.setAnswer { _, attempt in
        attempt.number == 1
          ? .conflict(RemoteVersion(payload: [9], detail: "412")) : .snooze(for: .seconds(1), TestQueue.failure)
      }
      let id = try await test.add(payload: [1])
      try await test.worker.drain()
      let stored = try #require(try await test.queue.snapshot(id)).operation
      #expect(stored.base == nil && stored.payload == [1])
    }
  }

  @Test("A merge that meets yet another version undoes nothing of that one", arguments: TestEngine.allCases)
  func mergedTwice(engine: TestEngine) async throws {
    let versions = [#"{"a":2,"b":1,"c":1}"#, #"{"a":3,"b":1,"c":4}"#]
    try await withQueue(engine, resolver: ThreeWayMergeConflictResolver()) { test, _ in
      test.handler.setAnswer { _, attempt in
        guard attempt.number <= versions.count else { return .delivered }
        let version = Array(versions[attempt.number - 1].utf8)
        return .conflict(RemoteVersion(tag: "\(attempt.number)", payload: version, detail: "409"))
      }
      let edit = NewOperation(
        kind: "test", payload: Array(#"{"a":1,"b":9,"c":1}"#.utf8), base: Array(#"{"a":1,"b":1,"c":1}"#.utf8))
      try await test.queue.enqueue(edit)
      // The change of `a` that was merged first is not taken for one made here.
      #expect(try await test.worker.drain().delivered == 1)
      let payload = try #require(test.handler.calls.last?.operation.payload)
      #expect(String(decoding: payload, as: UTF8.self) == #"{"a":3,"b":9,"c":4}"#)
    }
  }

  @Test("A conflict that comes again and again is parked", arguments: TestEngine.allCases)
  func bounded(engine: TestEngine) async throws {
    try await withQueue(engine, resolver: LocalWinsConflictResolver(), { $0.conflictRoundsMaximum = 3 }) { test, _ in
      test.handler.setAnswer { _, _ in .conflict(RemoteVersion(detail: "always another")) }
      let id = try await test.add()
      let summary = try await test.worker.drain()
      #expect(summary.attempted == 4)
      #expect(summary.conflicted == 4)
      #expect(try await test.state(id) == .parked)
      #expect(try await test.queue.snapshot(id)?.lastFailure?.message.contains("always another") == true)
    }
  }

  @Test("A resolver that fails parks the operation", arguments: TestEngine.allCases)
  func failingResolver(engine: TestEngine) async throws {
    try await withQueue(engine, resolver: Failing()) { test, _ in
      test.handler.setAnswer { _, _ in .conflict(RemoteVersion(detail: "409")) }
      let id = try await test.add()
      try await test.worker.drain()
      #expect(try await test.state(id) == .parked)
    }
  }
}
