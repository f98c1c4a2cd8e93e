import Testing
import TomboloPorts
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Backoff, seen from the other side", .timeLimit(.minutes(10)))
struct NetworkFaultMockTests {
  private static func delivering(
    _ pattern: NetworkFaultPattern, _ backoff: Backoff, count: Int = 1, until end: Duration
  ) async throws -> (mock: NetworkFaultMock, test: TestQueue, base: RecordingHandler) {
    let time = ManualTimeSource()
    let base = RecordingHandler()
    let mock = NetworkFaultMock(pattern, base: base, time: time)
    let test = try await TestQueue.open(InMemoryStore(), handlers: mock, time: time) { $0.backoff = backoff }
    for number in 0..<count { try await test.add("\(number)") }
    while time.uptime <= end {
      try await test.worker.drain()
      time.advance(by: .milliseconds(500))
    }
    return (mock, test, base)
  }

  @Test("Refused connections come back after the backoff, doubled each time")
  func exponential() async throws {
    let backoff = Backoff.exponential(initial: .seconds(1), multiplier: 2, maximum: .seconds(5), jitter: .none)
    let (mock, test, base) = try await Self.delivering(.first(5, .refused), backoff, until: .seconds(60))
    #expect(mock.records.intervals == [1, 2, 4, 5, 5].map { .seconds($0) })
    #expect(mock.records.map(\.attempt) == [1, 2, 3, 4, 5, 6])
    #expect(base.calls.count == 1)
    #expect(try await test.queue.status().delivered == 1)
  }

  @Test("What comes later comes by as much later, and the next call after that")
  func latency() async throws {
    // The second late call sleeps apart: an alarm set meanwhile for what is over may still be there, and ends before it.
    let clock = ApartTime(.seconds(11))
    let time = clock.time
    let base = RecordingHandler { _, attempt in
      attempt.number < 3 ? .retry(after: nil, TestQueue.failure) : .delivered
    }
    let mock = NetworkFaultMock(.script([.latency(.seconds(7)), .latency(.seconds(11))]), base: base, time: clock)
    let test = try await TestQueue.open(InMemoryStore(), handlers: mock, clock: clock) {
      $0.backoff = Backoff.constant(.seconds(2))
    }
    try await test.add()
    try await test.whileRunning {
      // A late call, a backoff, a late call, a backoff.
      for seconds in [7, 2, 11, 2] {
        if seconds == 11 {
          await clock.waitForSleeper()
        } else {
          while time.timeUntilNextSleeper != .seconds(seconds) { await Task.yield() }
        }
        clock.advance(by: .seconds(seconds))
      }
      while try await test.queue.status().delivered == 0 { await Task.yield() }
    }
    // The backoff begins when the answer came.
    #expect(mock.records.intervals == [.seconds(9), .seconds(13)])
    #expect(base.calls.count == 3)
  }

  @Test("A call that is never answered ends at the attempt's time limit, and the other side never heard of it")
  func halfOpen() async throws {
    let time = ManualTimeSource()
    let base = RecordingHandler()
    let mock = NetworkFaultMock(.first(1, .halfOpen), base: base, time: time)
    let test = try await TestQueue.open(InMemoryStore(), handlers: mock, time: time) {
      $0.backoff = Backoff.constant(.seconds(2))
      $0.attemptTimeout = .seconds(20)
    }
    let id = try await test.add()
    try await test.whileRunning {
      while mock.records.isEmpty { await Task.yield() }
      while time.timeUntilNextSleeper != .seconds(20) { await Task.yield() }
      time.advance(by: .milliseconds(19_999))
      for _ in 0..<200 { await Task.yield() }
      #expect(try await test.state(id) == .delivering)
      time.advance(by: .milliseconds(1))
      while try await test.state(id) != .retrying { await Task.yield() }
      #expect(try await test.queue.snapshot(id)?.lastFailure?.code == .timeout)
      #expect(base.calls.isEmpty)
      while time.timeUntilNextSleeper != .seconds(2) { await Task.yield() }
      time.advance(by: .seconds(2))
      await base.waitForCalls(1)
      while try await test.queue.status().delivered == 0 { await Task.yield() }
    }
    #expect(mock.records.intervals == [.seconds(22)])
    #expect(mock.records.map(\.attempt) == [1, 2])
  }

  @Test("After an answer that broke off the operation comes again with the same key, though the other side has acted")
  func truncated() async throws {
    let backoff = Backoff.constant(.seconds(2))
    let (mock, test, base) = try await Self.delivering(
      .first(1, .truncated(byteCount: 9)), backoff, until: .seconds(10))
    #expect(mock.records.intervals == [.seconds(2)])
    #expect(Set(base.calls.map(\.operation.idempotencyKey)).count == 1)
    #expect(base.calls.count == 2)
    #expect(try await test.queue.status().delivered == 1)
  }

  @Test(
    "On an upstream that fails now and then, and one that flaps, everything arrives in the end",
    arguments: [
      NetworkFaultPattern.rate(0.5, .status(503)),
      .first(20, .refused).or(.flapping(up: .seconds(3), down: .seconds(4), .refused)),
    ])
  func arrives(pattern: NetworkFaultPattern) async throws {
    let backoff = Backoff.exponential(initial: .seconds(1), maximum: .seconds(8))
    let (mock, test, _) = try await Self.delivering(pattern, backoff, count: 30, until: .seconds(600))
    #expect(try await test.queue.status().delivered == 30)
    #expect(mock.records.contains { $0.fault != .none })
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }
}
