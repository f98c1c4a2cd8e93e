import Foundation
import Synchronization
import Testing

@testable import TomboloStorage

@Suite("SerialThreadExecutor")
struct SerialThreadExecutorTests {
  /// Counts without any protection but its executor.
  private actor Counter {
    nonisolated let executor: SerialThreadExecutor
    private var count = 0

    init(_ executor: SerialThreadExecutor) { self.executor = executor }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func increment() -> Int {
      executor.preconditionIsolated()
      count += 1
      return count
    }

    /// By `run(on:_:)`: in place or on the thread.
    nonisolated func incrementSomewhere() async throws -> Int {
      try await executor.run(on: self) { $0.increment() }
    }

    /// Whether it ran in place.
    nonisolated func isInPlace() async throws -> Bool {
      try await executor.run(on: self) { counter in
        counter.executor.preconditionIsolated()
        return counter.executor.hasGuest
      }
    }

    var value: Int { count }
  }

  /// By which calls take as long as they say.
  private final class Uptime: Sendable {
    private let passed = Mutex(Duration.zero)

    var now: Duration { passed.withLock { $0 } }

    func pass(_ duration: Duration) { passed.withLock { $0 += duration } }
  }

  private static func counter(_ pool: CooperativePool, _ uptime: Uptime = Uptime()) throws -> Counter {
    let executor = SerialThreadExecutor(name: "own-thread", pool: pool, uptime: { uptime.now })
    try executor.startThread()
    return Counter(executor)
  }

  /// Threads of the system's own.
  private final class Threads: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }

  @Test("Jobs from many tasks run one at a time, and none is lost")
  func serial() async throws {
    let counter = Counter(try SerialThreadExecutor(name: "counter"))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { for _ in 0..<500 { _ = await counter.increment() } }
      }
    }
    #expect(await counter.increment() == 4_001)
  }

  @Test("Calls in place and calls on the thread exclude each other, and none is lost")
  func serialInPlace() async throws {
    // Of both kinds: with one of the pool's threads to hold up, those that come meanwhile are handed over.
    let counter = try Self.counter(CooperativePool(threadCount: 2))
    #expect(try await counter.isInPlace())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          for _ in 0..<2_000 {
            _ = try await number.isMultiple(of: 2) ? counter.incrementSomewhere() : counter.increment()
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await counter.incrementSomewhere() == 16_001)
  }

  @Test("A call runs in place where the pool has a thread to spare, and nobody else has it")
  func inPlace() async throws {
    let pool = CooperativePool(threadCount: 2)
    let counter = try Self.counter(pool)
    #expect(try await counter.isInPlace())
    #expect(try await counter.isInPlace())
    #expect(pool.take())
    #expect(try await !counter.isInPlace())
    pool.giveBack()
    // Another one: the thread of the first may still be about to see that it has nothing left.
    #expect(try await Self.counter(pool).isInPlace())
    #expect(try await !Self.counter(CooperativePool(threadCount: 1)).isInPlace())
  }

  @Test("Behind a call that was slow the next one is for the thread, until one was quick")
  func slow() async throws {
    let uptime = Uptime()
    let counter = try Self.counter(CooperativePool(threadCount: 2), uptime)
    @Sendable func call(taking duration: Duration) async throws -> Bool {
      try await counter.executor.run(on: counter) { counter in
        uptime.pass(duration)
        return counter.executor.hasGuest
      }
    }
    #expect(try await call(taking: .milliseconds(1)))
    #expect(try await call(taking: .milliseconds(2)))
    #expect(try await !call(taking: .milliseconds(2)))
    #expect(try await !call(taking: .zero))
    // Again in place, once the thread has seen that it has nothing left.
    var attemptCount = 0
    while try await !call(taking: .zero), attemptCount < 1_000_000 {
      attemptCount += 1
      await Task.yield()
    }
    #expect(attemptCount < 1_000_000)
  }

  @Test("A thread that starts while a call is made in place takes nothing until that has ended")
  func startingBehindAGuest() async throws {
    let executor = SerialThreadExecutor(name: "late", pool: CooperativePool(threadCount: 2), uptime: { .zero })
    let counter = Counter(executor)
    let waiting = try await executor.run(on: counter) { counter in
      // On a thread of the system's own: the pool may have no other than this one.
      let task = Task.detached(executorPreference: Threads()) { await counter.increment() }
      while !executor.hasWaiting { sched_yield() }
      try executor.startThread()
      // For the thread to look around.
      for _ in 0..<1_000 { sched_yield() }
      #expect(executor.hasWaiting && counter.value == 0)
      return task
    }
    #expect(await waiting.value == 1)
  }

  @Test("The processors that the process may use are counted from the mask in its status")
  func processors() {
    #expect(CooperativePool.processorCount(inStatusLine: "Cpus_allowed:\tff\n") == 8)
    #expect(CooperativePool.processorCount(inStatusLine: "Cpus_allowed:\t00000000,00000005\n") == 2)
    #expect(CooperativePool.processorCount(inStatusLine: "Cpus_allowed_list:\t0-1\n") == nil)
    #expect(CooperativePool.processorCount(inStatusLine: "Name:\tCpus\n") == nil)
  }

  @Test("A call whose task has an executor of its own is for the thread")
  func taskExecutor() async throws {
    let counter = try Self.counter(CooperativePool(threadCount: 2))
    let isInPlace = try await withTaskExecutorPreference(Threads()) { try await counter.isInPlace() }
    #expect(!isInPlace)
  }

  @Test("What a call throws in place is thrown, and the place is given back")
  func throwing() async throws {
    let counter = try Self.counter(CooperativePool(threadCount: 2))
    await #expect(throws: CancellationError.self) {
      try await counter.executor.run(on: counter) { _ in throw CancellationError() }
    }
    #expect(try await counter.isInPlace())
    #expect(await counter.increment() == 1)
  }

  @Test("Two actors may share one thread")
  func shared() async throws {
    let executor = try SerialThreadExecutor(name: "shared")
    let first = Counter(executor)
    let second = Counter(executor)
    #expect(await first.increment() == 1)
    #expect(await second.increment() == 1)
    #expect(await first.increment() == 2)
  }

  @Test("Executors come and go without waiting for one another")
  func comeAndGo() async throws {
    for _ in 0..<200 {
      #expect(await Counter(try SerialThreadExecutor(name: "short-lived")).increment() == 1)
    }
  }
}
