import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Stopping", .timeLimit(.minutes(10)))
struct StopTests {
  @Test("A graceful stop starts nothing more and lets deliveries in flight finish", arguments: TestEngine.allCases)
  func graceful(engine: TestEngine) async throws {
    try await withQueue(engine) { test, _ in
      let gate = Turnstile()
      test.handler.setAnswer { operation, _ in
        await gate.pass(operation.kind)
        return .delivered
      }
      try await test.add("a", key: "k")
      try await test.add("b", key: "k")
      async let run: Void = test.worker.run()
      await gate.waitForWaiting(1)
      test.worker.stop()
      gate.open()
      try await run
      #expect(test.attempted == ["a"])
      #expect(try await test.queue.status().delivered == 1)
      #expect(try await test.queue.status().delivering == 0)
      // It can run again.
      #expect(try await test.worker.drain().delivered == 1)
    }
  }

  @Test("What is being read for a claim when it is stopped is given back and not begun", arguments: [false, true])
  func stoppedWhileReading(isShared: Bool) async throws {
    let capabilities = StoreCapabilities(isDurable: false, isShareable: isShared)
    let store = FaultyStore(InMemoryStore(capabilities: capabilities))
    let test = try await TestQueue.open(store)
    let id = try await test.add("a")
    store.onRead { _ in test.worker.stop() }
    try await test.worker.run()
    #expect(test.attempted.isEmpty)
    #expect(test.worker.inFlightCount == 0)
    store.heal()
    #expect(try await test.state(id) == .pending)
    #expect(try await test.worker.drain().delivered == 1)
  }

  @Test(
    "What is being read for a claim when the run is cancelled is given back and not begun", arguments: [false, true])
  func cancelledWhileReading(isShared: Bool) async throws {
    let capabilities = StoreCapabilities(isDurable: false, isShareable: isShared)
    let store = FaultyStore(InMemoryStore(capabilities: capabilities))
    let test = try await TestQueue.open(store)
    let id = try await test.add("a")
    let run = Mutex<Task<Void, any Error>?>(nil)
    let isReading = WakeSignal()
    store.onRead { _ in
      isReading.signal()
      while !(run.withLock { $0?.isCancelled } ?? false) { await Task.yield() }
    }
    let task = Task { try await test.worker.run() }
    run.withLock { $0 = task }
    await isReading.wait()
    task.cancel()
    _ = await task.result
    #expect(test.attempted.isEmpty)
    #expect(test.worker.inFlightCount == 0)
    store.heal()
    #expect(try await test.state(id) == .pending)
    #expect(try await test.worker.drain().delivered == 1)
  }

  @Test(
    "A handler that hangs is cancelled after the grace, and its operation goes back unburnt",
    arguments: TestEngine.allCases)
  func grace(engine: TestEngine) async throws {
    try await withQueue(engine, { ($0.shutdownGrace, $0.attemptTimeout) = (.seconds(5), .seconds(900)) }) { test, _ in
      test.handler.setAnswer { _, _ in
        try await test.time.sleep(for: .seconds(1_000))
        return .delivered
      }
      let id = try await test.add()
      async let run: Void = test.worker.run()
      await test.time.waitForSleepers(2)
      test.worker.stop()
      await test.time.waitForSleepers(3)
      test.time.advance(by: .seconds(5))
      try await run
      #expect(try await test.state(id) == .pending)
      #expect(try await test.queue.snapshot(id)?.attemptCount == 0)
      #expect(test.worker.summary.released == 1)
    }
  }

  @Test("Cancelling the run gives everything back unburnt, at once", arguments: TestEngine.allCases)
  func cancelled(engine: TestEngine) async throws {
    try await withQueue(engine) { test, place in
      test.handler.setAnswer { _, _ in
        try await test.time.sleep(for: .seconds(1_000))
        return .delivered
      }
      let id = try await test.add()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await test.worker.run() }
        await test.time.waitForSleepers(2)
        group.cancelAll()
        try await group.waitForAll()
      }
      #expect(try await test.state(id) == .pending)
      #expect(try await test.queue.status().delivering == 0)
      let later = try await test.reopened(in: place)
      test.handler.setAnswer { _, _ in .delivered }
      #expect(try await later.worker.drain().delivered == 1)
      #expect(test.handler.calls.map(\.attempt.number) == [1, 1])
    }
  }

  @Test("What a cancelled handler says is not believed, unless it says delivered", arguments: [true, false])
  func cancelledAnswer(isDelivered: Bool) async throws {
    let test = try await TestQueue.open(InMemoryStore())
    test.handler.setAnswer { _, _ in
      do {
        try await test.time.sleep(for: .seconds(1_000))
      } catch {
        return isDelivered ? .delivered : .reject(TestQueue.failure)
      }
      return .delivered
    }
    let id = try await test.add()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await test.worker.run() }
      await test.time.waitForSleepers(2)
      group.cancelAll()
      try await group.waitForAll()
    }
    #expect(try await test.state(id) == (isDelivered ? nil : .pending))
  }

  @Test("A second run of the worker, or of another one on the same queue, is refused", arguments: [true, false])
  func twoRuns(isSameWorker: Bool) async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let gate = Turnstile()
    test.handler.setAnswer { operation, _ in
      await gate.pass(operation.kind)
      return .delivered
    }
    try await test.add()
    let other = isSameWorker ? test.worker : SyncWorker(queue: test.queue, handler: test.handler)
    try await test.whileRunning {
      await gate.waitForWaiting(1)
      let error = try await queueError { try await other.drain() }
      #expect(error?.code == .wrongState)
      gate.open()
    }
    // Afterwards either may.
    try await test.add()
    #expect(try await other.drain().delivered == 1)
  }
}
