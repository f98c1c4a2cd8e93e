import Synchronization
import Testing
import TomboloTesting

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

@Suite("DeterministicExecutor", .timeLimit(.minutes(10)))
struct DeterministicExecutorTests {
  private actor Journal {
    var lines: [Int] = []
    func add(_ line: Int) { lines.append(line) }
  }

  /// Child tasks, an actor and a clock, in the order the seed decides.
  private func order(_ seed: UInt64) async throws -> [Int] {
    let executor = DeterministicExecutor(seed: seed)
    let time = SimulatedTime()
    let journal = Journal()
    try await executor.run(whenIdle: { time.wakeNext() ? .woke : .nothing }) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<8 {
          group.addTask {
            await journal.add(number)
            try await time.sleep(for: .milliseconds(number % 3))
            await journal.add(100 + number)
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(executor.strayJobCount == 0)
    return await journal.lines
  }

  @Test("One seed always gives the same order, and seeds give different ones")
  func replays() async throws {
    var orders: Set<[Int]> = []
    for seed in 0..<50 as Range<UInt64> {
      let first = try await order(seed)
      #expect(try await order(seed) == first, "seed \(seed)")
      orders.insert(first)
    }
    #expect(orders.count > 45)
  }

  @Test("Tasks that all wait for each other end the run with a message instead of hanging")
  func deadlock() async throws {
    let executor = DeterministicExecutor(seed: 1, jobCountMaximum: 1_000, outsideLookCountMaximum: 100)
    let (stream, continuation) = AsyncStream<Never>.makeStream()
    let failure = await #expect(throws: SimulationFailure.self) {
      try await executor.run { for await _ in stream {} }
    }
    #expect(failure?.message.contains("nobody sleeps") == true)
    continuation.finish()
  }

  @Test("A task that never ends is given up after the permitted number of jobs")
  func livelock() async throws {
    let executor = DeterministicExecutor(seed: 1, jobCountMaximum: 1_000)
    await #expect(throws: SimulationFailure.self) {
      try await executor.run { while !Task.isCancelled { await Task.yield() } }
    }
  }

  @Test("An unstructured task is noticed")
  func unstructured() async throws {
    let executor = DeterministicExecutor(seed: 1)
    let time = SimulatedTime()
    // Asleep until nothing is left to run, so that the body waits for it whatever else the machine does. Once woken it is waited for
    // however long it takes to get a thread.
    try await executor.run(whenIdle: {
      if !time.wakeNext() { usleep(1_000) }
      return .woke
    }) {
      let stray = Task { try await time.sleep(for: .seconds(1)) }
      while time.sleeperCount == 0 { sched_yield() }
      try await stray.value
    }
    #expect(executor.strayJobCount > 0)
  }

  @Test("What the body throws is thrown, and cancellation reaches it")
  func errors() async throws {
    struct Refusal: Error {}
    await #expect(throws: Refusal.self) {
      try await DeterministicExecutor(seed: 1).run { throw Refusal() }
    }
    await #expect(throws: CancellationError.self) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          let time = SimulatedTime()
          // Nothing but cancellation ends it, whenever that comes.
          try await DeterministicExecutor(seed: 1).run(whenIdle: {
            usleep(1_000)
            return .woke
          }) { try await time.sleep(for: .seconds(1)) }
        }
        group.cancelAll()
        try await group.waitForAll()
      }
    }
  }
}
