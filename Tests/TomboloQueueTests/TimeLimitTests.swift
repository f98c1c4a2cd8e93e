import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("The time limits of attempts", .timeLimit(.minutes(10)))
struct TimeLimitTests {
  /// Counts sleeps.
  private final class CountingTime: TimeSource {
    let base = ManualTimeSource()
    private let count = Atomic(0)
    var sleepCount: Int { count.load(ordering: .relaxed) }
    var now: Timestamp { base.now }
    var uptime: Duration { base.uptime }
    func sleep(for duration: Duration) async throws {
      count.add(1, ordering: .relaxed)
      try await base.sleep(for: duration)
    }
  }

  /// What handlers have reported, and whose time was over.
  private final class Happenings: Sendable {
    private let state = Mutex((reports: [OperationID: Duration](), ended: [Int]()))
    var ended: [Int] { state.withLock { $0.ended } }
    func report(of id: OperationID) -> Duration? { state.withLock { $0.reports[id] } }
    func report(_ id: OperationID, at time: Duration) { state.withLock { $0.reports[id] = time } }
    func end(_ index: Int) { state.withLock { $0.ended.append(index) } }
  }

  /// A cancelled sleep of the system stays in memory until it would have ended: one for each attempt were megabytes for each
  /// thousand attempts a second.
  @Test("One timer serves all attempts, however many there are")
  func oneTimer() async throws {
    let time = CountingTime()
    var configuration = QueueConfiguration()
    configuration.stallTimeout = .zero
    let queue = try await SyncQueue.open(store: InMemoryStore(), configuration: configuration, time: time)
    _ = try await queue.enqueue((0..<1_000).map { _ in NewOperation(kind: "test") })
    let worker = SyncWorker(queue: queue, handler: RecordingHandler())
    #expect(try await worker.drain().delivered == 1_000)
    #expect(time.sleepCount <= 3)
    #expect(worker.limits.runningCount == 0)
  }

  @Test("Those that began first end first, each at its own limit, and a sign of life begins it anew")
  func order() async throws {
    let time = ManualTimeSource()
    let limits = TimeLimits(time: time)
    let ids = (0..<3).map { OperationID(high: 0, low: UInt64($0)) }
    let happenings = Happenings()
    await withDiscardingTaskGroup { group in
      group.addTask { await limits.run { happenings.report(of: $0) } }
      for (index, id) in ids.enumerated() {
        let interruption = Interruption()
        let limit = limits.begin(id, at: time.uptime, within: .seconds(10 + index), interruption)
        group.addTask {
          await RunningTask.withCurrent { await interruption.run(on: $0) { await untilCancelled() } }
          if interruption.reason == .timeOver { happenings.end(index) }
          limits.ended(limit)
        }
      }
      func advance(to seconds: Int) async {
        while time.timeUntilNextSleeper == nil { await Task.yield() }
        time.advance(by: .seconds(seconds) - time.uptime)
        for _ in 0..<200 { await Task.yield() }
      }
      await advance(to: 9)
      #expect(happenings.ended == [])
      happenings.report(ids[0], at: .seconds(9))
      await advance(to: 11)
      while limits.runningCount > 2 { await Task.yield() }
      #expect(happenings.ended == [1])
      await advance(to: 12)
      while limits.runningCount > 1 { await Task.yield() }
      #expect(happenings.ended == [1, 2])
      await advance(to: 19)
      while limits.runningCount > 0 { await Task.yield() }
      #expect(happenings.ended == [1, 2, 0])
      group.cancelAll()
    }
  }

  @Test("A task that is cancelled for another reason is not told that it was interrupted")
  func cancelled() async throws {
    let interruption = Interruption()
    let reason = await withTaskGroup(of: Interruption.Reason?.self) { group in
      group.addTask {
        await RunningTask.withCurrent { await interruption.run(on: $0) { await untilCancelled() } }
        return interruption.reason
      }
      group.cancelAll()
      return await group.next() ?? .leaseLost
    }
    #expect(reason == nil)
  }

  @Test("Only the task that the handler runs on is cancelled, and only while it runs")
  func ownTask() async throws {
    let (early, late) = (Interruption(), Interruption())
    early.interrupt(.leaseLost)
    early.interrupt(.timeOver)
    let states = await withTaskGroup(of: [Bool].self) { group in
      group.addTask {
        var before = false
        await RunningTask.withCurrent { before = await early.run(on: $0) { Task.isCancelled } }
        #expect(early.reason == .leaseLost)
        return [before, Task.isCancelled]
      }
      group.addTask {
        var isCancelled = true
        await RunningTask.withCurrent { isCancelled = await late.run(on: $0) { Task.isCancelled } }
        late.interrupt(.timeOver)
        #expect(late.reason == nil)
        return [isCancelled, Task.isCancelled]
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(states) == [[true, true], [false, false]])
    #expect(!Task.isCancelled)
  }

  @Test("A limit that was shortened counts for the next attempt, while a longer one is under way")
  func shortened() async throws {
    let test = try await TestQueue.open(InMemoryStore()) { $0.attemptTimeout = .seconds(600) }
    test.handler.setAnswer { operation, attempt in
      if attempt.number > 1 { return .delivered }
      try await test.time.sleep(for: .seconds(operation.kind == "long" ? 500 : 5_000))
      return .delivered
    }
    // Critical, so that they go together: the first of an upstream goes alone otherwise.
    try await test.add("long", priority: .critical)
    try await test.whileRunning {
      await test.handler.waitForCalls(1)
      // Its sleep begins before the clock moves.
      while test.time.timeUntilNextSleeper != .seconds(500) { await Task.yield() }
      var shorter = test.configuration
      shorter.attemptTimeout = .seconds(20)
      test.worker.reconfigure(shorter)
      let id = try await test.add("short", priority: .critical)
      await test.handler.waitForCalls(2)
      while test.time.timeUntilNextSleeper != .seconds(20) { await Task.yield() }
      test.time.advance(by: .seconds(20))
      while try await test.state(id) != .retrying { await Task.yield() }
      while test.worker.inFlightCount != 1 { await Task.yield() }
      test.time.advance(by: .seconds(480))
      while try await test.queue.status().delivered < 2 { await Task.yield() }
    }
  }
}

private func untilCancelled() async {
  await WakeSignal().wait()
}
