import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("What is delivered gives its place on while that is stored", .timeLimit(.minutes(10)))
struct DeliveredPlacesTests {
  /// The most deliveries that were under way at a call of the handler, and how often it was called while the first settlement was
  /// being stored.
  private static func measure(
    concurrency: Int, expecting heldCallCount: Int, isKeyed: Bool = false
  ) async throws -> (underWay: Int, whileHeld: Int, atOnce: Int, delivered: Int) {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.concurrency = concurrency }
    for number in 0..<20 { try await test.add("\(number)", key: isKeyed ? "\(number)" : nil) }
    let most = Most()
    test.handler.setAnswer { _, _ in
      most.note(test.worker.inFlightCount)
      return .delivered
    }
    let whileHeld = Most()
    store.onCommit { number, _ in
      guard number == 1 else { return nil }
      await Self.waitUntil { test.handler.calls.count >= heldCallCount }
      whileHeld.note(test.handler.calls.count)
      return nil
    }
    try await test.worker.drain()
    return (most.value, whileHeld.value, test.handler.underWayMaximum, try await test.queue.status().delivered)
  }

  /// Returns once it is so, and more had the opportunity to happen. What never comes is not waited for without end: the test says
  /// then what is missing.
  private static func waitUntil(_ isSo: () -> Bool) async {
    let start = ContinuousClock.now
    while !isSo(), ContinuousClock.now - start < .seconds(180) { await Task.yield() }
    for _ in 0..<500 { await Task.yield() }
  }

  /// Runs the worker, and answers with the store's error that ends it.
  private static func end(of worker: SyncWorker) async throws -> StoreError? {
    do {
      try await worker.run()
      return nil
    } catch let error as StoreError {
      return error
    }
  }

  private final class Most: Sendable {
    private let number = Mutex(0)
    var value: Int { number.withLock { $0 } }
    func note(_ value: Int) { number.withLock { $0 = max($0, value) } }
  }

  @Test("Each is stored once, whoever sees to it, and in the end nobody does", arguments: [1, 4])
  func together(concurrency: Int) async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.concurrency = concurrency }
    for number in 0..<40 { try await test.add("\(number)", key: number % 5 == 0 ? "k" : nil) }
    let ended = Mutex(0)
    store.onCommit { number, batches in
      // So that there is a whole batch, and more, to be stored next.
      if number == 3, concurrency > 1 { await Self.waitUntil { test.handler.calls.count >= 2 * concurrency } }
      let count = batches.flatMap(\.mutations).filter { mutation in
        guard case .delete(let key) = mutation else { return false }
        return QueueLayout.single.contains(key) || QueueLayout.operations.contains(key)
      }.count
      ended.withLock { $0 += count }
      return nil
    }
    #expect(try await test.worker.drain().delivered == 40)
    #expect(ended.withLock { $0 } == 40)
    #expect(test.worker.state.withLock { $0.storingCount == 0 && $0.delivered.isEmpty && $0.givenOnCount == 0 })
  }

  @Test("A handler that cancels the task it runs on takes nothing from those behind it, which run on others")
  func cancelling() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.concurrency = 5 }
    for number in 0..<20 { try await test.add("\(number)") }
    let cancelledCount = Most()
    test.handler.setAnswer { _, _ in
      if Task.isCancelled { cancelledCount.note(cancelledCount.value + 1) }
      withUnsafeCurrentTask { $0?.cancel() }
      return .delivered
    }
    #expect(try await test.worker.drain().delivered == 20)
    #expect(cancelledCount.value == 0)
    #expect(test.worker.state.withLock { $0.unbegun.isEmpty && $0.storingCount == 0 && $0.inFlightCount == 0 })
  }

  @Test("One whose settlement is refused is tried again by itself, while others are stored")
  func refusedTogether() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.concurrency = 4 }
    for number in 0..<12 { try await test.add("\(number)") }
    store.onCommit { number, _ in number == 2 ? .refused(StoreError(.engine, "no luck")) : nil }
    async let run: Void = test.worker.run()
    while test.worker.summary.delivered < 8 { await Task.yield() }
    while test.worker.summary.delivered < 12 {
      test.time.advance(by: .milliseconds(100))
      await Task.yield()
    }
    test.worker.stop()
    try await run
    #expect(test.handler.calls.count == 12)
    #expect(test.worker.inFlightCount == 0)
    #expect(try await test.queue.status().delivered == 12)
  }

  @Test(
    "The next ones start; never more are asked at once than allowed, and with those waiting to be stored than twice as many",
    arguments: [2, 5])
  func bounded(concurrency: Int) async throws {
    let found = try await Self.measure(concurrency: concurrency, expecting: 2 * concurrency)
    #expect(found.whileHeld == 2 * concurrency)
    #expect(found.underWay <= 2 * concurrency)
    #expect(found.atOnce <= concurrency)
    #expect(found.delivered == 20)
  }

  @Test("One with an ordering key keeps its place for the next of its line")
  func keyed() async throws {
    // The slow start begins with one, and not more than five follow before that is stored.
    let found = try await Self.measure(concurrency: 5, expecting: 1, isKeyed: true)
    #expect(found.whileHeld <= 5)
    #expect(found.underWay <= 5)
    #expect(found.delivered == 20)
  }

  @Test("With a concurrency of one an operation is stored as delivered before the next one starts")
  func alone() async throws {
    let found = try await Self.measure(concurrency: 1, expecting: 1)
    #expect(found.whileHeld == 1)
    #expect(found.underWay == 1)
    #expect(found.delivered == 20)
  }

  @Test("After a crash everything is delivered, at most twice the concurrency twice", arguments: [2, 5])
  func crashed(concurrency: Int) async throws {
    let base = InMemoryStore()
    let store = FaultyStore(base)
    let test = try await TestQueue.open(store) { $0.concurrency = concurrency }
    var ids: Set<OperationID> = []
    for number in 0..<20 { ids.insert(try await test.add("\(number)")) }
    let (reached, over) = (Turnstile(), Turnstile())
    // Also where something throws: the worker waits for its commit, whoever cancels it.
    defer { over.open() }
    store.onCommit { number, _ in
      if number == 1 { await Self.waitUntil { test.handler.calls.count >= 2 * concurrency } }
      await reached.pass("commit")
      await over.pass("commit")
      // The process is dead: nothing that it had not stored is stored by it any more.
      return .refused(StoreError(.closed, "dead on purpose"))
    }
    async let dead = Self.end(of: test.worker)
    await reached.waitForWaiting(1)
    reached.open()
    let later = try await TestQueue.open(base, after: test)
    try await later.worker.drain()
    let counts = Dictionary(grouping: test.handler.calls, by: \.operation.id).mapValues(\.count)
    #expect(Set(counts.keys) == ids)
    #expect(counts.values.allSatisfy { $0 <= 2 })
    #expect(counts.values.count { $0 == 2 } == 2 * concurrency)
    #expect(try await later.queue.status().delivered == 20)
    #expect(try await QueueAudit.problems(in: base).isEmpty)
    over.open()
    let end = try await dead
    #expect(end?.code == .closed)
  }

  @Test("A run that was cancelled while what is delivered was being stored gives the next one no more places")
  func cancelled() async throws {
    // Each upstream alone lets no more in than the concurrency: with two of them it shows what the worker lets in.
    let upstreams = [RecordingHandler(upstream: "one"), RecordingHandler(upstream: "other")]
    var handlers = HandlerRegistry()
    for upstream in upstreams { handlers.handle(kind: upstream.upstream, with: upstream) }
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store, handlers: handlers) { $0.concurrency = 2 }
    for number in 0..<20 { try await test.add(upstreams[number % 2].upstream) }
    let (commit, calls) = (Turnstile(), Turnstile())
    store.onCommit { number, _ in
      if number == 1 { await commit.pass("commit") }
      return nil
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await test.worker.run() }
      await commit.waitForWaiting(1)
      await Self.waitUntil { upstreams.map(\.calls.count).reduce(0, +) == 4 }
      group.cancelAll()
      commit.open()
      try await group.waitForAll()
    }
    #expect(upstreams.map(\.calls.count).reduce(0, +) == 4)
    #expect(test.worker.inFlightCount == 0)
    for upstream in upstreams {
      upstream.setAnswer { operation, _ in
        await calls.pass(operation.kind)
        return .delivered
      }
    }
    try await test.whileRunning {
      await Self.waitUntil { calls.waiting.count >= 2 }
      #expect(calls.waiting.count == 2)
      calls.open()
    }
    try await test.worker.drain()
    #expect(try await test.queue.status().delivered == 20)
  }
}
