import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

/// A settlement that the store refuses would be tried again for ever, and everything it is committed with.
@Suite("A conflict with more than the store takes in one value", .timeLimit(.minutes(10)))
struct LongValueTests {
  private static let limit = 1_000

  private func open(_ resolver: any ConflictResolver, remoteByteCount: Int) async throws -> TestQueue {
    let store = InMemoryStore(
      capabilities: StoreCapabilities(isDurable: false, isShareable: false, valueByteCountMaximum: Self.limit))
    let test = try await TestQueue.open(store, resolver: resolver)
    let there = [UInt8](repeating: 9, count: remoteByteCount)
    test.handler.setAnswer { _, attempt in
      attempt.replacing == nil ? .conflict(RemoteVersion(payload: there, detail: "412")) : .delivered
    }
    return test
  }

  private struct Merging: ConflictResolver {
    func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult {
      .merged(operation.payload + (remote.payload ?? []))
    }
  }

  @Test("What stands goes out without a base where the version it met is too long to be kept as one")
  func base() async throws {
    let test = try await open(LocalWinsConflictResolver(), remoteByteCount: 900)
    try await test.queue.enqueue(NewOperation(kind: "test", payload: [UInt8](repeating: 1, count: 300), base: [2]))
    #expect(try await test.worker.drain().delivered == 1)
    #expect(test.handler.calls.map(\.operation.base) == [[2], nil])
    #expect(test.handler.calls.last?.operation.payload.count == 300)
  }

  @Test("A merged version that is too long waits for a person, with the other side's where there is room for it")
  func merged() async throws {
    let test = try await open(Merging(), remoteByteCount: 700)
    let id = try await test.add(payload: [UInt8](repeating: 1, count: 400))
    #expect(try await test.worker.drain().parked == 1)
    let snapshot = try #require(try await test.queue.snapshot(id))
    #expect(snapshot.lastFailure?.message.contains("at most 1000 in one value") == true)
    #expect(snapshot.conflict?.payload?.count == 700)
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }

  @Test("Of another version that is too long the mark is kept for a person, and says so")
  func remote() async throws {
    let test = try await open(ManualConflictResolver(), remoteByteCount: 5_000)
    let id = try await test.add()
    #expect(try await test.worker.drain().parked == 1)
    let conflict = try #require(try await test.queue.snapshot(id)?.conflict)
    #expect(conflict.payload == nil && conflict.detail.contains("5000 bytes are too many"))
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }

  @Test("A merged version beyond the limit for payloads waits for a person, too")
  func payloadMaximum() throws {
    var configuration = QueueConfiguration()
    configuration.payloadByteCountMaximum = 3
    let decision = DeliveryDecision(configuration: configuration, now: Timestamp(millisecondsSinceEpoch: 0))
    let remote = RemoteVersion(payload: [1, 2], detail: "412")
    guard
      case .parkConflict(let failure, remote) = decision.conflict(.merged([1, 2, 3, 4]), against: remote, rounds: 0)
    else {
      Issue.record("it is not parked")
      return
    }
    #expect(failure.message.contains("queue.payloadMaximum"))
    #expect(
      decision.conflict(.merged([1, 2, 3]), against: remote, rounds: 0)
        == .redeliver(replacing: remote, payload: [1, 2, 3]))
  }

  @Test("By hand it is refused, and others of its group are not")
  func byHand() async throws {
    let test = try await open(ManualConflictResolver(), remoteByteCount: 5)
    let id = try await test.add()
    try await test.worker.drain()
    let operation = NewOperation(kind: "other")
    let results = try await test.queue.engine.process([
      .edit(id, payload: [UInt8](repeating: 1, count: 2_000), version: nil),
      .enqueue(
        [
          PreparedOperation(
            operation: operation, enqueuedAt: test.time.now,
            record: OperationRecord.encode(operation, enqueuedAt: test.time.now))
        ], alongside: Batch()),
    ])
    let error = #expect(throws: QueueError.self) { try results[0].get() }
    #expect(error?.code == .payloadTooLarge)
    #expect(throws: Never.self) { try results[1].get() }
  }
}
