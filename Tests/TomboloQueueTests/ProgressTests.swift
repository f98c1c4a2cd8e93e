import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Progress of a long handler", .timeLimit(.minutes(10)))
struct ProgressTests {
  @Test("What a handler reports is shown with the operation, and told at most once a second")
  func shown() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let gate = WakeSignal()
    test.handler.setAnswer { _, attempt in
      for number in 0..<100 { attempt.report(DeliveryProgress(completedCount: number, totalCount: 100)) }
      test.time.advance(by: .seconds(1))
      attempt.report(DeliveryProgress(completedCount: 100, totalCount: 100, detail: "all parts sent"))
      await gate.wait()
      return .delivered
    }
    let events = test.queue.events()
    let id = try await test.add()
    try await test.whileRunning {
      while try await test.queue.snapshot(id)?.progress?.completedCount != 100 { await Task.yield() }
      let snapshot = try #require(try await test.queue.snapshot(id))
      #expect(snapshot.state == .delivering)
      #expect(snapshot.progress?.description == "100 of 100, all parts sent")
      gate.signal()
      var told: [DeliveryProgress] = []
      for await event in events {
        if case .progressed(let progress) = event.change { told.append(progress) }
        if case .delivered = event.change { break }
      }
      #expect(told.map(\.completedCount) == [0, 100])
    }
    #expect(try await test.queue.snapshot(id) == nil)
  }

  @Test("Each report begins the attempt's time limit anew; silence ends it")
  func timeLimit() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.attemptTimeout = .seconds(30) }
    let (steps, quiet) = (WakeSignal(), WakeSignal())
    test.handler.setAnswer { _, attempt in
      for number in 1...3 {
        await steps.wait()
        attempt.report(DeliveryProgress(completedCount: number))
        quiet.signal()
      }
      try await Task.sleep(for: .seconds(3_600))
      return .delivered
    }
    let id = try await test.add()
    try await test.whileRunning {
      for _ in 0..<3 {
        while test.time.timeUntilNextSleeper == nil { await Task.yield() }
        test.time.advance(by: .seconds(20))
        steps.signal()
        await quiet.wait()
        #expect(try await test.state(id) == .delivering)
      }
      // Twenty seconds after the third report it is still alive, forty after it is not.
      while test.time.timeUntilNextSleeper == nil { await Task.yield() }
      test.time.advance(by: .seconds(20))
      for _ in 0..<100 { await Task.yield() }
      #expect(try await test.state(id) == .delivering)
      while test.time.timeUntilNextSleeper == nil { await Task.yield() }
      test.time.advance(by: .seconds(20))
      while try await test.state(id) != .retrying { await Task.yield() }
    }
    let snapshot = try #require(try await test.queue.snapshot(id))
    #expect(snapshot.lastFailure?.code == .timeout)
    #expect(snapshot.attemptCount == 1)
    #expect(snapshot.progress == nil)
  }

  @Test("A report after the delivery has ended is nobody's")
  func late() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let id = try await test.add()
    try await test.worker.drain()
    try #require(test.handler.calls.first).attempt.report(DeliveryProgress(completedCount: 1))
    #expect(test.queue.lastReport(of: id) == nil)
    #expect(test.queue.engine.state.withLock { $0.inFlight.isEmpty })
  }
}
