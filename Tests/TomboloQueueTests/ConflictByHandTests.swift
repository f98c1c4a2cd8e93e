import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("A conflict that waits for a person", .timeLimit(.minutes(10)))
struct ConflictByHandTests {
  private static let there = Array(#"{"a":1,"b":{"c":2},"theirs":true}"#.utf8)
  private static let here = Array(#"{"a":1,"b":{"c":3},"ours":[1]}"#.utf8)

  /// An operation that is parked for a conflict.
  private func parked(_ test: TestQueue) async throws -> OperationID {
    test.handler.setAnswer { _, attempt in
      attempt.replacing == nil
        ? .conflict(RemoteVersion(tag: "v7", payload: Self.there, detail: "412 Precondition Failed")) : .delivered
    }
    let id = try await test.add(payload: Self.here)
    #expect(try await test.worker.drain().parked == 1)
    return id
  }

  @Test("Both versions are kept, over a restart too, and their difference can be shown", arguments: TestEngine.allCases)
  func kept(engine: TestEngine) async throws {
    try await withQueue(engine, resolver: ManualConflictResolver()) { test, place in
      let id = try await parked(test)
      let later = try await test.reopened(in: place)
      let snapshot = try #require(try await later.queue.snapshot(id))
      #expect(snapshot.state == .parked)
      #expect(snapshot.operation.payload == Self.here)
      let remote = try #require(snapshot.conflict)
      #expect(remote == RemoteVersion(tag: "v7", payload: Self.there, detail: "412 Precondition Failed"))
      #expect(
        FieldDifference.between(snapshot.operation, remote) == [
          FieldDifference(path: "b.c", base: nil, local: "3", remote: "2"),
          FieldDifference(path: "ours", base: nil, local: "[1]", remote: nil),
          FieldDifference(path: "theirs", base: nil, local: nil, remote: "true"),
        ])
    }
  }

  @Test(
    "The person's choice is carried out", arguments: TestEngine.allCases,
    [ConflictChoice.local, .remote, .merged([5, 6])])
  func chosen(engine: TestEngine, choice: ConflictChoice) async throws {
    try await withQueue(engine, resolver: ManualConflictResolver()) { test, _ in
      let id = try await parked(test)
      try await test.queue.resolve(id, with: choice)
      let summary = try await test.worker.drain()
      #expect(try await test.queue.snapshot(id) == nil)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
      if choice == .remote {
        #expect(summary.attempted == 0)
        #expect(try await test.queue.status().discarded == 1)
        return
      }
      #expect(summary.delivered == 1)
      let call = try #require(test.handler.calls.last)
      #expect(call.attempt.replacing == RemoteVersion(tag: "v7", detail: "412 Precondition Failed"))
      #expect(call.operation.payload == (choice == .local ? Self.here : [5, 6]))
      // What the upstream holds next is compared with what was merged.
      #expect(call.operation.base == (choice == .local ? nil : Self.there))
    }
  }

  @Test("Rounds that are used up keep the last version that was met")
  func rounds() async throws {
    let test = try await TestQueue.open(InMemoryStore(), resolver: LocalWinsConflictResolver()) {
      $0.conflictRoundsMaximum = 2
    }
    test.handler.setAnswer { _, attempt in
      .conflict(RemoteVersion(payload: [UInt8(attempt.number)], detail: "again"))
    }
    let id = try await test.add()
    try await test.worker.drain()
    #expect(try await test.queue.snapshot(id)?.conflict?.payload == [3])
    // A retry by hand begins anew, and what was kept is gone.
    test.handler.setAnswer { _, _ in .snooze(for: .seconds(1), TestQueue.failure) }
    try await test.queue.retry(id)
    #expect(try await test.queue.snapshot(id)?.conflict == nil)
  }

  @Test("What is not parked for a conflict cannot be resolved, and a payload that is too large is refused")
  func refused() async throws {
    let test = try await TestQueue.open(InMemoryStore(), resolver: ManualConflictResolver()) {
      $0.payloadByteCountMaximum = 100
    }
    let id = try await parked(test)
    let other = try await test.add("other")
    #expect(try await queueError { try await test.queue.resolve(other, with: .local) }?.code == .wrongState)
    let large = [UInt8](repeating: 0, count: 101)
    #expect(try await queueError { try await test.queue.resolve(id, with: .merged(large)) }?.code == .payloadTooLarge)
    #expect(try await test.state(id) == .parked)
  }

  @Test("A version that is too large is told and not kept")
  func large() async throws {
    let test = try await TestQueue.open(InMemoryStore(), resolver: ManualConflictResolver()) {
      $0.payloadByteCountMaximum = 10
    }
    test.handler.setAnswer { _, _ in .conflict(RemoteVersion(tag: "t", payload: Self.there, detail: "409")) }
    let id = try await test.add()
    try await test.worker.drain()
    let remote = try #require(try await test.queue.snapshot(id)?.conflict)
    #expect(remote == RemoteVersion(tag: "t", detail: "409 (its 33 bytes are too many to be kept)"))
  }

  @Test(
    "What happened to an operation is read back with all that is known of both versions, and without them as layout 1")
  func record() throws {
    var progress = ProgressRecord()
    progress.attemptCount = 2
    progress.replacing = RemoteVersion(tag: "t", detail: "d")
    #expect(progress.encoded().first == 1)
    let written = HybridTimestamp(time: Timestamp(millisecondsSinceEpoch: 5), counter: 2, node: "n")
    progress.replacing?.written = written
    progress.conflicting = RemoteVersion(
      tag: "u", modifiedAt: Timestamp(millisecondsSinceEpoch: 9), written: written, payload: [], detail: "e")
    #expect(progress.encoded().first == 2)
    #expect(try ProgressRecord(progress.encoded()) == progress)
  }
}
