import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("A store that closed itself", .timeLimit(.minutes(10)))
struct ClosedStoreTests {
  private static let closed = StoreError(.closed, "the disk failed, and the store is closed")

  @Test("It ends the run with its error, also while it can still be read", arguments: [true, false])
  func endsTheRun(isReadable: Bool) async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    test.handler.setAnswer { _, _ in
      store.onCommit { _, _ in .refused(Self.closed) }
      if !isReadable { store.onRead { _ in throw Self.closed } }
      return .delivered
    }
    let id = try await test.add()
    let error = await #expect(throws: StoreError.self) { try await test.worker.run() }
    #expect(error?.code == .closed)
    // Nothing counts as delivered that is not stored as such, and nothing as in flight.
    #expect(test.worker.summary.delivered == 0)
    #expect(test.worker.summary.released == 1)
    #expect(test.queue.engine.state.withLock { $0.inFlight.isEmpty })
    store.heal()
    test.handler.setAnswer { _, _ in .delivered }
    #expect(try await test.worker.drain().delivered == 1)
    #expect(try await test.state(id) == nil)
    #expect(test.attempted.count == 2)
  }

  @Test("It ends the run also when an enqueue meets it, and there is nothing to settle", arguments: [true, false])
  func metByAnEnqueue(isUnknownFirst: Bool) async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    store.onCommit { number, _ in
      .refused(number == 1 && isUnknownFirst ? StoreError(.outcomeUnknown, "the disk failed") : Self.closed)
    }
    async let run: Void = test.worker.run()
    let refused = await #expect(throws: StoreError.self) { try await test.add() }
    #expect(refused?.code == (isUnknownFirst ? .outcomeUnknown : .closed))
    do {
      try await run
      Issue.record("the run ended as if nothing had happened")
    } catch let error as StoreError {
      #expect(error.code == .closed)
    }
  }

  @Test("What is claimed while the store closes itself is not delivered any more")
  func claimedMeanwhile() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    let isReading = Atomic(false)
    test.handler.setAnswer { _, _ in
      // The next one is being read while the store closes itself.
      store.onCommit { _, _ in
        while !isReading.load(ordering: .acquiring) { await Task.yield() }
        return .refused(Self.closed)
      }
      store.onRead { _ in
        isReading.store(true, ordering: .releasing)
        while test.worker.summary.released == 0 { await Task.yield() }
      }
      return .delivered
    }
    // Of normal priority they would be in memory already.
    for kind in ["first", "second"] { try await test.add(kind, priority: .high) }
    let error = await #expect(throws: StoreError.self) { try await test.worker.run() }
    #expect(error?.code == .closed)
    #expect(test.attempted == ["first"])
    #expect(test.worker.summary.released == 1)
    #expect(test.worker.inFlightCount == 0)
    store.heal()
    test.handler.setAnswer { _, _ in .delivered }
    #expect(try await test.worker.drain().delivered == 2)
  }

  @Test("What else is being delivered ends first, and the next run begins without that error")
  func othersEnd() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store)
    let gate = Turnstile()
    test.handler.setAnswer { operation, _ in
      if operation.kind == "slow" {
        await gate.pass(operation.kind)
      } else {
        store.onCommit { _, _ in .refused(Self.closed) }
      }
      return .delivered
    }
    try await test.add("slow", priority: .critical)
    async let run: Void = test.worker.run()
    await gate.waitForWaiting(1)
    try await test.add("quick", priority: .critical)
    await test.handler.waitForCalls(2)
    while test.worker.summary.released == 0 { await Task.yield() }
    gate.open()
    do {
      try await run
      Issue.record("the run ended without an error")
    } catch let error as StoreError {
      #expect(error.code == .closed)
    }
    #expect(test.worker.summary.released == 2)
    #expect(test.worker.state.withLock { $0.closure } == nil)
    store.heal()
    test.handler.setAnswer { _, _ in .delivered }
    #expect(try await test.worker.drain().delivered == 2)
  }
}
