import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("The watchdog", .timeLimit(.minutes(10)))
struct WatchdogTests {
  private static let limit = Duration.seconds(120)

  /// On which the watchdog, which looks twice within the limit, sleeps apart from all others.
  private static func clock() -> ApartTime { ApartTime(limit / 2) }

  @Test("A stall is told once, and again after things have moved in between")
  func machine() {
    var watchdog = Watchdog(at: .zero)
    func look(_ second: Int, isDue: Bool = true) -> Watchdog.Finding {
      watchdog.look(isDue: isDue, at: .seconds(second), limit: Self.limit)
    }
    #expect(look(119) == .well)
    #expect(look(120) == .stalled(since: .zero))
    #expect(look(180) == .stillStalled)
    watchdog.progressed(at: .seconds(200))
    #expect(look(240) == .recovered)
    #expect(look(300) == .well)
    #expect(look(320) == .stalled(since: .seconds(200)))
  }

  @Test("Nothing that is due is no stall, and ends one")
  func idle() {
    var watchdog = Watchdog(at: .zero)
    #expect(watchdog.look(isDue: false, at: .seconds(500), limit: Self.limit) == .well)
    #expect(watchdog.look(isDue: true, at: .seconds(619), limit: Self.limit) == .well)
    #expect(watchdog.look(isDue: true, at: .seconds(620), limit: Self.limit) == .stalled(since: .seconds(500)))
    #expect(watchdog.look(isDue: false, at: .seconds(700), limit: Self.limit) == .recovered)
  }

  /// Found by seed 2673 of the simulation.
  @Test("The time before a look that could not be taken counts against nobody, and a stall that was told goes on")
  func couldNotLook() {
    var watchdog = Watchdog(at: .zero)
    watchdog.couldNotLook(at: .seconds(100))
    #expect(watchdog.look(isDue: true, at: .seconds(219), limit: Self.limit) == .well)
    #expect(watchdog.look(isDue: true, at: .seconds(220), limit: Self.limit) == .stalled(since: .seconds(100)))
    watchdog.couldNotLook(at: .seconds(280))
    #expect(watchdog.look(isDue: true, at: .seconds(340), limit: Self.limit) == .stillStalled)
  }

  /// Lets the watchdog look, `count` times, and returns when it has.
  private func looks(_ count: Int, _ clock: ApartTime) async {
    for _ in 0..<count {
      await clock.waitForSleeper()
      clock.advance(by: .seconds(60))
    }
    await clock.waitForSleeper()
  }

  @Test("What is due and lost to the worker's memory is told as stalled, shown in the status, and delivered")
  func mended() async throws {
    let clock = Self.clock()
    let test = try await TestQueue.open(InMemoryStore(), clock: clock) { $0.stallTimeout = Self.limit }
    let events = test.queue.events()
    try await test.whileRunning {
      // A worker that rests, and an operation that nobody told it of.
      await clock.waitForSleeper()
      let id = try await test.queue.enqueue(NewOperation(kind: "first")).id
      await test.handler.waitForCalls(1)
      while try await test.queue.status().delivered == 0 { await Task.yield() }
      // Not before the worker has noted its progress, at the present time of the clock.
      while test.worker.inFlightCount > 0 { await Task.yield() }
      let other = try await test.loseFromMemory("lost")
      #expect(other > id)
      await looks(2, clock)
      await test.handler.waitForCalls(2)
      while try await test.queue.status().delivered < 2 { await Task.yield() }
      await looks(1, clock)
      #expect(try await test.queue.status().stalledSince == nil)
      var told: [QueueEvent.Change] = []
      for await event in events {
        told.append(event.change)
        if event.id == other, case .delivered = event.change { break }
      }
      #expect(told.count { if case .stalled = $0 { true } else { false } } == 1)
    }
  }

  @Test("Handlers that hang for ever are told once and shown; progress of one is a sign of life")
  func hanging() async throws {
    let clock = Self.clock()
    let test = try await TestQueue.open(InMemoryStore(), clock: clock) {
      ($0.stallTimeout, $0.concurrency, $0.attemptTimeout) = (Self.limit, 1, .seconds(119))
    }
    let gate = WakeSignal()
    test.handler.setAnswer { _, _ in
      // Deaf to cancellation.
      await Task { await gate.wait() }.value
      return .delivered
    }
    let events = test.queue.events()
    let id = try await test.add("deaf")
    try await test.whileRunning {
      await test.handler.waitForCalls(1)
      let attempt = try #require(test.handler.calls.first).attempt
      await looks(1, clock)
      attempt.report(DeliveryProgress(completedCount: 1, totalCount: 9))
      await looks(1, clock)
      #expect(try await test.queue.status().stalledSince == nil)
      let since = test.time.now.advanced(by: .seconds(-60))
      await looks(4, clock)
      #expect(try await test.queue.status().stalledSince == since)
      gate.signal()
      var told: [QueueEvent] = []
      for await event in events {
        told.append(event)
        if case .delivered = event.change { break }
      }
      #expect(told.filter { if case .stalled = $0.change { true } else { false } }.map(\.id) == [id])
    }
    // Nobody watches any more.
    #expect(try await test.queue.status().stalledSince == nil)
  }

  @Test(
    "Offline, paused or idle is no stall", arguments: ["offline", "paused", "idle"])
  func calm(why: String) async throws {
    let clock = Self.clock()
    let test = try await TestQueue.open(InMemoryStore(), clock: clock) {
      ($0.stallTimeout, $0.pilotInterval) = (Self.limit, .seconds(100_000))
    }
    if why == "offline" { test.network.set(.offline) }
    if why == "paused" { try await test.queue.pause(.queue, reason: "test") }
    if why != "idle" { try await test.add() }
    try await test.whileRunning {
      await looks(5, clock)
      let stalled = try await test.queue.status().stalledSince
      #expect(stalled == nil)
    }
  }
}

extension TestQueue {
  /// Enqueues an operation and takes it out of the worker's memory, as a mistake of ours would.
  fileprivate func loseFromMemory(_ kind: String) async throws -> OperationID {
    let id = OperationID(high: .max, low: 1)
    var batch = Batch()
    batch.put(
      QueueLayout.operation(id), OperationRecord.encode(NewOperation(kind: kind), enqueuedAt: time.now))
    batch.put(QueueLayout.ready(.normal, id), [])
    let known = queue.engine.state.withLock { $0.counts }
    var counts = try #require(known)
    counts.pending += 1
    batch.put(QueueLayout.counts, counts.encoded())
    queue.engine.state.withLock { [counts] in $0.counts = counts }
    for result in try await store.commit([batch]) { _ = try result.get() }
    return id
  }
}
