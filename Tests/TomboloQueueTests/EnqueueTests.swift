import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Enqueueing", .timeLimit(.minutes(10)))
struct EnqueueTests {
  @Test("What was enqueued is there after the store is opened again, field by field", arguments: TestEngine.allCases)
  func durable(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      var operation = NewOperation(kind: "preferences.setCurrency", version: 3, payload: [0, 1, 255])
      operation.priority = .high
      operation.orderingKey = "user/7"
      operation.idempotencyKey = "once"
      operation.coalescingKey = "currency/7"
      operation.notBefore = test.time.now.advanced(by: .seconds(5))
      operation.expiresAt = test.time.now.advanced(by: .seconds(50))
      operation.headers = [OperationHeader(name: "a", value: "1"), OperationHeader(name: "a", value: "é")]
      let receipt = try await test.queue.enqueue(operation)
      #expect(receipt.disposition == .added)
      #expect(receipt.state == .pending)

      let later = try await test.reopened(in: place)
      let found = try #require(try await later.queue.snapshot(receipt.id)).operation
      #expect(
        found
          == SyncOperation(
            id: receipt.id, kind: "preferences.setCurrency", version: 3, priority: .high, orderingKey: "user/7",
            idempotencyKey: "once", coalescingKey: "currency/7", enqueuedAt: test.time.now,
            notBefore: operation.notBefore, expiresAt: operation.expiresAt, headers: operation.headers,
            payload: [0, 1, 255]))
      #expect(try await later.queue.status().pending == 1)
      #expect(try await later.queue.status().byteCount == 3)
    }
  }

  @Test("A batch is stored completely or not at all", arguments: TestEngine.allCases)
  func allOrNone(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.operationsMaximum = 3 }) { test, _ in
      try await test.add()
      let three = (0..<3).map { NewOperation(kind: "batch", orderingKey: "k\($0)") }
      let error = try await queueError { _ = try await test.queue.enqueue(three) }
      #expect(error?.code == .full)
      #expect(try await test.queue.status().pending == 1)
      #expect(try await test.queue.enqueue(Array(three.prefix(2))).count == 2)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("A caller's own changes are committed with the operation", arguments: TestEngine.allCases)
  func alongside(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      var companion = Batch()
      companion.checkAbsent(Key("doc"))
      companion.put(Key("doc"), [1])
      _ = try await test.queue.enqueue([NewOperation(kind: "test")], alongside: companion)
      #expect(try await test.store.get(Key("doc"))?.value == [1])

      // The check no longer holds: neither is stored.
      companion.mutations = [.put(Key("doc"), [2])]
      let error = await #expect(throws: StoreError.self) {
        _ = try await test.queue.enqueue([NewOperation(kind: "test")], alongside: companion)
      }
      #expect(error?.code == .conflict)
      #expect(try await test.store.get(Key("doc"))?.value == [1])
      #expect(try await test.queue.status().pending == 1)
    }
  }

  private static func request(_ kind: String, alongside companion: Batch = Batch()) -> QueueRequest {
    let operation = NewOperation(kind: kind)
    let now = Timestamp(millisecondsSinceEpoch: 0)
    return .enqueue(
      [
        PreparedOperation(
          operation: operation, enqueuedAt: now, record: OperationRecord.encode(operation, enqueuedAt: now))
      ], alongside: companion)
  }

  @Test("A companion's failed check does not touch the others of its group", arguments: TestEngine.allCases)
  func conflictInGroup(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      var companion = Batch()
      companion.check(Key("doc"), is: Revision(rawValue: 77))
      companion.put(Key("doc"), [1])
      let results = try await test.queue.engine.process([
        Self.request("a"), Self.request("b", alongside: companion), Self.request("c"),
      ])
      #expect(throws: Never.self) { try results[0].get() }
      #expect(throws: StoreError.self) { try results[1].get() }
      #expect(throws: Never.self) { try results[2].get() }
      let kinds = try await test.queue.list().snapshots.map(\.operation.kind)
      #expect(kinds == ["a", "c"])
      #expect(try await test.store.get(Key("doc")) == nil)
      #expect(try await test.queue.status().pending == 2)
    }
  }

  @Test("Of two changes in one group made on the same revision only one is stored", arguments: TestEngine.allCases)
  func lostUpdate(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      var (first, second) = (Batch(), Batch())
      first.checkAbsent(Key("doc"))
      first.put(Key("doc"), [1])
      second.checkAbsent(Key("doc"))
      second.put(Key("doc"), [2])
      let results = try await test.queue.engine.process([
        Self.request("a", alongside: first), Self.request("b", alongside: second),
      ])
      #expect(throws: Never.self) { try results[0].get() }
      let error = #expect(throws: StoreError.self) { try results[1].get() }
      #expect(error?.code == .conflict)
      #expect(try await test.store.get(Key("doc"))?.value == [1])
      #expect(try await test.queue.list().snapshots.map(\.operation.kind) == ["a"])
    }
  }

  @Test("A companion beyond the store's limits does not touch the others of its group")
  func companionTooLarge() async throws {
    let capabilities = StoreCapabilities(isDurable: false, isShareable: false, valueByteCountMaximum: 1_000)
    let test = try await TestQueue.open(InMemoryStore(capabilities: capabilities))
    var companion = Batch()
    companion.put(Key("doc"), [UInt8](repeating: 1, count: 1_001))
    let results = try await test.queue.engine.process([
      Self.request("a"), Self.request("b", alongside: companion), Self.request("c"),
    ])
    #expect(throws: Never.self) { try results[0].get() }
    let error = #expect(throws: StoreError.self) { try results[1].get() }
    #expect(error?.code == .valueTooLarge)
    #expect(throws: Never.self) { try results[2].get() }
    #expect(try await test.queue.list().snapshots.map(\.operation.kind) == ["a", "c"])
  }

  @Test("A commit that fails stores nothing, and the queue works on", arguments: TestEngine.allCases)
  func failedCommit(engine: TestEngine) async throws {
    try await engine.withPlace { place in
      let store = FaultyStore(try await place.open())
      let test = try await TestQueue.open(store)
      try await test.add("first", key: "k", payload: [1, 2])
      store.onCommit { number, _ in number == 1 ? .refused(StoreError(.full, "no room")) : nil }
      let error = await #expect(throws: StoreError.self) { try await test.add("second", key: "k", payload: [3]) }
      #expect(error?.code == .full)
      #expect(try await test.queue.status().byteCount == 2)
      try await test.add("third", key: "k")
      #expect(try await test.queue.status().pending == 1)
      #expect(try await test.queue.status().blocked == 1)
      #expect(try await QueueAudit.problems(in: store).isEmpty)
      try await test.worker.drain()
      #expect(test.attempted == ["first", "third"])
    }
  }

  @Test(
    "The same idempotency key names the first operation: waiting, delivered, reopened, until its retention ends",
    arguments: TestEngine.allCases)
  func idempotency(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.idempotencyRetention = .seconds(60) }) { test, place in
      let operation = NewOperation(kind: "test", idempotencyKey: "once")
      let first = try await test.queue.enqueue(operation)
      let second = try await test.queue.enqueue(operation)
      #expect(second == EnqueueReceipt(id: first.id, state: .pending, disposition: .repeated))
      try await test.worker.drain()
      let third = try await test.queue.enqueue(operation)
      #expect(third == EnqueueReceipt(id: first.id, state: .delivered, disposition: .repeated))

      let later = try await test.reopened(in: place)
      test.time.advance(by: .seconds(59))
      #expect(try await later.queue.enqueue(operation).id == first.id)
      test.time.advance(by: .seconds(2))
      try await later.worker.drain()
      #expect(try await later.queue.enqueue(operation).disposition == .added)
      #expect(test.handler.calls.map(\.operation.idempotencyKey) == ["once"])
    }
  }

  @Test("Idempotency keys are forgotten in the process that stored them too", arguments: TestEngine.allCases)
  func forgotten(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.idempotencyRetention = .seconds(60) }) { test, _ in
      try await test.queue.enqueue(NewOperation(kind: "test", idempotencyKey: "once"))
      try await test.worker.drain()
      test.time.advance(by: .seconds(61))
      try await test.worker.drain()
      // All that is left are the counts, and the mark where they once were: space is given back.
      #expect(try await test.store.scan(.all, limit: 10).map(\.key) == QueueLayout.ofAnEmptyQueue)
    }
  }

  @Test("A repeat that is stored is no error because its state cannot be read")
  func repeatedUnreadState() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    let operation = NewOperation(kind: "test", idempotencyKey: "once")
    let first = try await test.queue.enqueue(operation)
    // The first read is the idempotency key's; the one after the commit fails.
    store.onRead { number in if number > 1 { throw StoreError(.engine, "cannot read") } }
    let receipts = try await test.queue.enqueue([operation, NewOperation(kind: "other")])
    #expect(receipts.first == EnqueueReceipt(id: first.id, state: .pending, disposition: .repeated))
    store.heal()
    #expect(try await test.queue.status().pending == 2)
  }

  @Test("A limit on count and bytes is met with a clear error, and settling makes room", arguments: TestEngine.allCases)
  func limits(engine: TestEngine) async throws {
    try await withQueue(engine, { ($0.operationsMaximum, $0.bytesMaximum) = (2, 10) }) { test, _ in
      try await test.add(payload: [UInt8](repeating: 0, count: 8))
      let bytes = try await queueError { try await test.add(payload: [1, 2, 3]) }
      #expect(bytes?.code == .full)
      #expect(bytes?.message.contains("queue.bytesMaximum") == true)
      try await test.add(coalescing: "c", payload: [1])
      let count = try await queueError { try await test.add() }
      #expect(count?.code == .full)
      #expect(count?.message.contains("queue.operationsMaximum") == true)
      // One that replaces another needs no room of its own.
      try await test.add(coalescing: "c", payload: [2])
      try await test.worker.drain()
      #expect(try await test.queue.status().byteCount == 0)
      try await test.add()
    }
  }

  @Test(
    "Bases, and versions kept for a person, count towards the bytes until they are gone", arguments: TestEngine.allCases
  )
  func bytesBesidePayloads(engine: TestEngine) async throws {
    func configure(_ configuration: inout QueueConfiguration) { configuration.bytesMaximum = 20 }
    try await withQueue(engine, resolver: ManualConflictResolver(), configure) { test, _ in
      func edit() -> NewOperation { NewOperation(kind: "test", payload: [1, 2], base: [3, 4, 5, 6]) }
      let id = try await test.queue.enqueue(edit()).id
      try await test.queue.enqueue(edit())
      #expect(try await test.queue.status().byteCount == 12)
      let long = NewOperation(kind: "test", payload: [1], base: [UInt8](repeating: 0, count: 8))
      let error = try await queueError { try await test.queue.enqueue(long) }
      #expect(error?.code == .full && error?.message.contains("and 9 more") == true, "\(String(describing: error))")
      test.handler.setAnswer { _, attempt in
        attempt.replacing == nil ? .conflict(RemoteVersion(payload: [7, 8, 9], detail: "412")) : .delivered
      }
      #expect(try await test.worker.drain().parked == 2)
      #expect(try await test.queue.status().byteCount == 18)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
      // What was met is the base now, and no longer kept beside it.
      try await test.queue.resolve(id, with: .merged([1]))
      #expect(try await test.queue.status().byteCount == 13)
      try await test.worker.drain()
      #expect(try await test.queue.status().byteCount == 9)
      try await test.queue.discard(try #require(test.queue.list().snapshots.first).operation.id, reason: "no use")
      #expect(try await test.queue.status().byteCount == 0)
      #expect(try await QueueAudit.problems(in: test.store).isEmpty)
    }
  }

  @Test("A companion that touches the queue's own keys is refused, and nothing is stored")
  func companionOnOwnKeys() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    var companion = Batch()
    companion.put(QueueLayout.counts, [1])
    let batch = companion
    let error = try await queueError {
      _ = try await test.queue.enqueue([NewOperation(kind: "a")], alongside: batch)
    }
    #expect(error?.code == .invalidOperation)
    #expect(try await test.queue.status().pending == 0)
  }

  @Test("Each enqueue follows the configuration in force: the longest payload, headers, durability")
  func reconfigured() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.payloadByteCountMaximum = 4 }
    func isTaken(_ byteCount: Int) async throws -> Bool {
      let operation = NewOperation(kind: "test", payload: [UInt8](repeating: 1, count: byteCount))
      return try await queueError { try await test.queue.enqueue(operation) } == nil
    }
    #expect(try await isTaken(4))
    #expect(try await !isTaken(5))
    var configuration = test.configuration
    configuration.payloadByteCountMaximum = 5
    test.queue.reconfigure(configuration)
    #expect(try await isTaken(5))
    #expect(try await !isTaken(6))
    configuration.payloadByteCountMaximum = 3
    configuration.headersAtEnqueue = { [OperationHeader(name: "a", value: "b")] }
    test.queue.reconfigure(configuration)
    #expect(try await !isTaken(4))
    let id = try await test.queue.enqueue(NewOperation(kind: "test", payload: [1])).id
    #expect(try await test.queue.snapshot(id)?.operation.headers == [OperationHeader(name: "a", value: "b")])
    configuration.headersAtEnqueue = nil
    configuration.durability = .full
    test.queue.reconfigure(configuration)
    #expect(try await queueError { try await test.queue.enqueue(NewOperation(kind: "test")) }?.field == "durability")
    configuration.durability = nil
    configuration.versionClock = HybridLogicalClock(node: "a")
    test.queue.reconfigure(configuration)
    let stamped = try await test.queue.enqueue(NewOperation(kind: "test")).id
    #expect(try await test.queue.snapshot(stamped)?.operation.headers.map(\.name) == [HybridTimestamp.headerName])
    configuration.versionClock = nil
    configuration.payloadByteCountMaximum = 9
    test.queue.reconfigure(configuration)
    #expect(try await isTaken(9))
    let asked = try await queueError { try await test.queue.enqueue(NewOperation(kind: "test"), durability: .full) }
    #expect(asked?.field == "durability")
  }

  @Test("One operation that is too long for a value of the store is refused alike, however it comes and with whom")
  func tooLongForTheStore() async throws {
    let capabilities = StoreCapabilities(isDurable: false, isShareable: false, valueByteCountMaximum: 100)
    let test = try await TestQueue.open(InMemoryStore(capabilities: capabilities))
    let long = NewOperation(kind: "long", payload: [UInt8](repeating: 1, count: 200))
    var keyed = long
    keyed.idempotencyKey = "a"
    for operation in [long, keyed] {
      let alone = try await queueError { try await test.queue.enqueue(operation) }
      let listed = try await queueError { _ = try await test.queue.enqueue([operation]) }
      #expect(alone?.code == .payloadTooLarge && alone?.field == "payload")
      #expect(listed == alone)
      let second = try await queueError {
        _ = try await test.queue.enqueue([NewOperation(kind: "short"), operation, operation])
      }
      #expect(second?.code == .payloadTooLarge && second?.field == "operations[1].payload")
      let results = try await test.queue.engine.process([
        Self.request("a"), .add(PreparedOperation(operation, enqueuedAt: test.queue.time.now), nil), Self.request("b"),
      ])
      #expect(throws: Never.self) { try results[0].get() }
      #expect(#expect(throws: QueueError.self) { try results[1].get() } == alone)
      #expect(throws: Never.self) { try results[2].get() }
    }
    #expect(try await test.queue.status().pending == 4)
  }

  @Test(
    "What cannot be accepted is refused with the name of its field",
    arguments: [
      (NewOperation(kind: ""), "kind"), (NewOperation(kind: "a\nb"), "kind"),
      (NewOperation(kind: String(repeating: "x", count: 256)), "kind"),
      (NewOperation(kind: "a", version: 0), "version"),
      (NewOperation(kind: "a", orderingKey: ""), "orderingKey"),
      (NewOperation(kind: "a", idempotencyKey: "\u{7F}"), "idempotencyKey"),
      (NewOperation(kind: "a", coalescingKey: ""), "coalescingKey"),
      (NewOperation(kind: "a", headers: [OperationHeader(name: "", value: "")]), "headers"),
      (
        NewOperation(kind: "a", headers: [OperationHeader(name: "a", value: String(repeating: "x", count: 8_193))]),
        "headers"
      ),
      (NewOperation(kind: "a", headers: [OperationHeader(name: "a", value: "b\r\nc: d")]), "headers"),
      (NewOperation(kind: "a", headers: Array(repeating: OperationHeader(name: "a", value: ""), count: 65)), "headers"),
      (NewOperation(kind: "a", payload: [UInt8](repeating: 0, count: 101)), "payload"),
      (
        NewOperation(
          kind: "a", notBefore: Timestamp(millisecondsSinceEpoch: 5), expiresAt: Timestamp(millisecondsSinceEpoch: 5)),
        "expiresAt"
      ),
    ])
  func validation(operation: NewOperation, field: String) async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.payloadByteCountMaximum = 100 }
    let alone = try await queueError { try await test.queue.enqueue(operation) }
    #expect(alone?.field == field)
    #expect(alone?.message.contains("xxxxx") == false)
    let second = try await queueError { _ = try await test.queue.enqueue([NewOperation(kind: "fine"), operation]) }
    #expect(second?.field == "operations[1].\(field)")
    #expect(try await test.queue.status().pending == 0)
  }
}
