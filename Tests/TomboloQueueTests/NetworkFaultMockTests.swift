import Testing
import TomboloPorts
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Backoff, seen from the other side", .timeLimit(.minutes(1)))
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
    let (mock, test, _) = try await Self.delivering(pattern, backoff, count: 30, until: .seconds(240))
    #expect(try await test.queue.status().delivered == 30)
    #expect(mock.records.contains { $0.fault != .none })
    #expect(try await QueueAudit.problems(in: test.store).isEmpty)
  }
}
