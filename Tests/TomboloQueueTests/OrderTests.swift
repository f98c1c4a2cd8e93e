import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Order", .timeLimit(.minutes(10)))
struct OrderTests {
  @Test("One key's operations go one at a time in enqueue order, others side by side", arguments: TestEngine.allCases)
  func keyOrder(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { _, _ in
        for _ in 0..<20 { await Task.yield() }
        return .delivered
      }
      var expected: [String: [OperationID]] = [:]
      for number in 0..<120 {
        let key = "k\(number % 6)"
        expected[key, default: []].append(try await test.add(key: key))
      }
      let overlap = OverlapDetector(test.handler)
      let worker = SyncWorker(queue: test.queue, handler: overlap, random: SeededGenerator(seed: 1))
      let summary = try await worker.drain()
      #expect(summary.delivered == 120)
      for (key, ids) in expected {
        #expect(test.handler.calls.filter { $0.operation.orderingKey == key }.map(\.operation.id) == ids)
      }
      #expect(overlap.overlapped.isEmpty)
      #expect(test.handler.underWayMaximum > 1)
      #expect(test.handler.underWayMaximum <= 6)
    }
  }

  @Test("Higher priority goes first, and within a priority the longest waiting", arguments: TestEngine.allCases)
  func priorities(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.concurrency = 1 }) { test, _ in
      for priority in OperationPriority.allCases.reversed() {
        try await test.add("\(priority.name) 1", priority: priority)
        try await test.add("\(priority.name) 2", priority: priority)
      }
      try await test.worker.drain()
      #expect(test.attempted == OperationPriority.allCases.flatMap { ["\($0.name) 1", "\($0.name) 2"] })
    }
  }

  @Test(
    "The head of a key takes over the highest priority behind it, and gives it back", arguments: TestEngine.allCases)
  func inheritance(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.concurrency = 1 }) { test, place in
      try await test.add("other", priority: .high)
      try await test.add("head", key: "k", priority: .background)
      try await test.add("urgent", key: "k", priority: .critical)
      try await test.add("last", key: "k", priority: .low)
      try await test.add("late", priority: .normal)
      let later = try await test.reopened(in: place)
      try await later.worker.drain()
      #expect(test.attempted == ["head", "urgent", "other", "late", "last"])
    }
  }

  @Test("Priority survives a retry", arguments: TestEngine.allCases)
  func priorityAfterRetry(engine: TestEngine) async throws {
    try await withQueue(engine, { $0.concurrency = 1 }) { test, _ in
      test.handler.setAnswer { _, attempt in attempt.number == 1 ? .retry(after: nil, TestQueue.failure) : .delivered }
      try await test.add("urgent", priority: .critical)
      try await test.worker.drain()
      test.handler.setAnswer { _, _ in .delivered }
      try await test.add("normal")
      test.time.advance(by: .seconds(10))
      try await test.worker.drain()
      #expect(test.attempted == ["urgent", "urgent", "normal"])
    }
  }

  @Test("One operation's failure holds up its own key and no other", arguments: TestEngine.allCases)
  func errorIsolation(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      test.handler.setAnswer { operation, _ in
        operation.kind == "bad" ? .retry(after: nil, TestQueue.failure) : .delivered
      }
      let bad = try await test.add("bad", key: "a")
      let behind = try await test.add("behind", key: "a")
      for number in 0..<20 { try await test.add("good", key: "b\(number)") }
      let summary = try await test.worker.drain()
      #expect(summary.attempted == 21)
      #expect(summary.delivered == 20)
      #expect(summary.retried == 1)
      #expect(summary.skipped.retrying == 1)
      #expect(summary.skipped.blocked == 1)
      let snapshot = try #require(try await test.queue.snapshot(behind))
      #expect(snapshot.state == .blocked)
      #expect(snapshot.waitingReason == .behind(bad))
    }
  }

  @Test("Memory holds a bounded part of the backlog, and what is read later keeps the order")
  func boundedMemory() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.passedOverMaximum = .max }
    for start in stride(from: 0, to: 5_000, by: 500) {
      _ = try await test.queue.enqueue(
        (start..<start + 500).map {
          NewOperation(kind: "\($0)", priority: $0 % 5 == 4 ? .critical : .normal)
        })
    }
    var kinds: [Int] = []
    while true {
      let claimed = try await test.queue.claim(300)
      for window in test.queue.engine.state.withLock({ $0.windows }) {
        #expect(window.count <= QueueEngine.windowCapacity)
      }
      guard !claimed.isEmpty else { break }
      kinds += claimed.compactMap { Int($0.operation.kind) }
      for one in claimed { try await test.queue.settle(one, .delivered(attempt: 1)) }
    }
    let critical = stride(from: 4, to: 5_000, by: 5)
    #expect(kinds == Array(critical) + (0..<5_000).filter { $0 % 5 != 4 })
  }

  @Test("A store that cannot be read while operations are taken loses none of them")
  func failingClaim() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    for start in stride(from: 0, to: 1_100, by: 100) {
      _ = try await test.queue.enqueue((start..<start + 100).map { NewOperation(kind: "\($0)") })
    }
    let first = try await test.queue.claim(1)
    store.onRead { _ in throw StoreError(.engine, "cannot read") }
    await #expect(throws: StoreError.self) { try await test.queue.claim(1_099) }
    store.heal()
    #expect(try await test.queue.status().delivering == 1)
    let rest = try await test.queue.claim(2_000)
    #expect((first + rest).compactMap { Int($0.operation.kind) } == Array(0..<1_100))
  }
}

/// Notes the ordering keys of which two deliveries were under way at once.
final class OverlapDetector: OperationHandler {
  private struct State {
    var underWay: Set<String> = []
    var overlapped: Set<String> = []
  }

  let upstream = "overlap"
  private let base: any OperationHandler
  private let state = Mutex(State())

  init(_ base: any OperationHandler) {
    self.base = base
  }

  var overlapped: Set<String> { state.withLock { $0.overlapped } }

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    let key = operation.orderingKey ?? operation.id.description
    state.withLock { state in
      if !state.underWay.insert(key).inserted { state.overlapped.insert(key) }
    }
    defer { state.withLock { _ = $0.underWay.remove(key) } }
    return try await base.deliver(operation, attempt: attempt)
  }
}
