import Synchronization
import Testing
import TomboloPorts
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Limits of single kinds", .timeLimit(.minutes(10)))
struct KindLimitTests {
  @Test("No more of a kind at once than its limit, others fill the rest, and all are delivered", arguments: [1, 3])
  func concurrency(limit: Int) async throws {
    let most = Mutex((now: 0, most: 0))
    // As many as may be are under way before the first one ends.
    let gate = Turnstile()
    try await withQueue(.memory, { $0.kindLimits["slow"] = KindLimit(concurrency: limit) }) { test, _ in
      test.handler.setAnswer { operation, _ in
        guard operation.kind == "slow" else { return .delivered }
        most.withLock { count in
          count.now += 1
          count.most = max(count.most, count.now)
        }
        await gate.pass(operation.kind)
        for _ in 0..<20 { await Task.yield() }
        most.withLock { $0.now -= 1 }
        return .delivered
      }
      for _ in 0..<40 { try await test.add("slow", priority: .critical) }
      for _ in 0..<40 { try await test.add("fast") }
      try await test.whileRunning {
        await gate.waitForWaiting(limit)
        gate.open()
        while try await test.queue.status().delivered < 80 { await Task.yield() }
      }
      #expect(most.withLock { $0.most } == limit)
      #expect(try await test.store.scan(.all, limit: 10).map(\.key) == QueueLayout.ofAnEmptyQueue)
    }
  }

  @Test("A rate holds, burns no attempt, and the worker is woken when the next may go")
  func rate() async throws {
    try await withQueue(.memory, { $0.kindLimits["r"] = KindLimit(rate: RateLimit(2, per: .seconds(10))) }) { test, _ in
      let ids = try await test.queue.enqueue((0..<6).map { _ in NewOperation(kind: "r") }).map(\.id)
      try await test.worker.drain()
      #expect(test.handler.calls.map(\.operation.id) == Array(ids.prefix(2)))
      try await test.whileRunning {
        for count in 3...6 {
          while test.time.timeUntilNextSleeper ?? .seconds(99) > .seconds(5) { await Task.yield() }
          test.time.advance(by: .seconds(5))
          await test.handler.waitForCalls(count)
        }
      }
      #expect(test.handler.calls.map(\.operation.id) == ids)
      #expect(test.handler.calls.allSatisfy { $0.attempt.number == 1 })
    }
  }

  @Test("What comes alone while its kind has no room is delivered as soon as there is")
  func lateComer() async throws {
    try await withQueue(.memory, { $0.kindLimits["r"] = KindLimit(rate: RateLimit(1, per: .seconds(10))) }) { test, _ in
      try await test.whileRunning {
        try await test.add("r")
        await test.handler.waitForCalls(1)
        while test.worker.inFlightCount > 0 { await Task.yield() }
        test.time.advance(by: .seconds(3))
        let late = try await test.add("r")
        while test.time.timeUntilNextSleeper ?? .seconds(99) > .seconds(7) { await Task.yield() }
        #expect(try await test.state(late) == .pending)
        test.time.advance(by: .seconds(7))
        await test.handler.waitForCalls(2)
      }
      #expect(test.attempted == ["r", "r"])
    }
  }

  @Test("What is set aside while its kind gets room again is delivered")
  func roomMeanwhile() async throws {
    let store = FaultyStore(InMemoryStore())
    let test = try await TestQueue.open(store) { $0.kindLimits["r"] = KindLimit(rate: RateLimit(1, per: .seconds(10))) }
    try await test.whileRunning {
      try await test.add("r")
      await test.handler.waitForCalls(1)
      while test.worker.inFlightCount > 0 { await Task.yield() }
      // The enqueue, and then setting it aside.
      store.onCommit { number, _ in
        if number == 2 { test.time.advance(by: .seconds(10)) }
        return nil
      }
      try await test.add("r")
      await test.handler.waitForCalls(2)
    }
    #expect(test.attempted == ["r", "r"])
  }

  @Test("The limiter counts starts and ends, and brings no more back than there is room for")
  func limiter() {
    var limiter = KindLimiter(["a": KindLimit(concurrency: 2)])
    let admitted = ["b", "a", "a", "a"].map { limiter.admit($0, at: .zero) }
    #expect(admitted == [true, true, true, false])
    var rooms = [limiter.takeRoom("a", at: .zero)]
    limiter.ended("a")
    rooms += [limiter.takeRoom("a", at: .zero), limiter.takeRoom("a", at: .zero)]
    limiter.returned("a", 0, of: 1)
    rooms.append(limiter.takeRoom("a", at: .zero))
    let isAdmitted = limiter.admit("a", at: .zero)
    rooms.append(limiter.takeRoom("a", at: .zero))
    #expect(rooms == [0, 1, 0, 1, 0])
    #expect(isAdmitted)
  }
}
