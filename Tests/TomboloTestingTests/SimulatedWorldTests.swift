import Synchronization
import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

@Suite("SimulatedWorld", .timeLimit(.minutes(10)))
struct SimulatedWorldTests {
  /// Writes one record after the other until its life is over, and notes what was acknowledged.
  private func write(_ world: SimulatedWorld, lives: Int) async throws -> Set<String> {
    let acknowledged = Mutex<Set<String>>([])
    try await world.run(lives: lives) { process in
      var random = process.random("writer")
      for number in 0..<20 {
        try await process.time.sleep(for: .seconds(Int.random(in: 0...300, using: &random)))
        let name = "\(process.number)/\(number)"
        var batch = Batch()
        batch.put(Key(name), Array(name.utf8))
        do {
          _ = try await process.store.commit([batch])
          acknowledged.withLock { _ = $0.insert(name) }
        } catch let error as StoreError where error.code != .closed {
          // Nothing was promised.
        }
      }
    }
    return acknowledged.withLock { $0 }
  }

  @Test("A disk keeps what was acknowledged through every crash", arguments: 0..<50 as Range<UInt64>)
  func disk(seed: UInt64) async throws {
    let world = SimulatedWorld(seed: seed)
    let acknowledged = try await write(world, lives: 4)
    #expect(acknowledged.contains("4/19"))
    for name in acknowledged { #expect(world.disk.record(Key(name)) != nil, "seed \(seed): \(name)") }
  }

  @Test("A seed replays to the last line, and another gives another run")
  func replay() async throws {
    var checksums: Set<UInt64> = []
    for seed in 0..<20 as Range<UInt64> {
      let (first, second) = (SimulatedWorld(seed: seed), SimulatedWorld(seed: seed))
      _ = try await write(first, lives: 3)
      _ = try await write(second, lives: 3)
      #expect(first.trace.checksum == second.trace.checksum, "seed \(seed)")
      #expect(first.trace.tail == second.trace.tail)
      #expect(first.jobCounts.all == second.jobCounts.all)
      checksums.insert(first.trace.checksum)
    }
    #expect(checksums.count == 20)
  }

  @Test(
    "Many who share a door to the store are all woken within the simulated order", arguments: 0..<20 as Range<UInt64>)
  func door(seed: UInt64) async throws {
    var faults = SimulationFaults.none
    faults.slowCommitChance = 1
    let world = SimulatedWorld(seed: seed, faults: faults)
    try await world.run(lives: 2, lifetime: .seconds(100_000)...(.seconds(100_000))) { process in
      let door = GroupCommit(process.store)
      try await withThrowingTaskGroup { group in
        for number in 0..<16 {
          group.addTask { _ = try await door.commit(Batch(mutations: [.put(Key("\(process.number)/\(number)"), [1])])) }
        }
        try await group.waitForAll()
      }
    }
    #expect(world.jobCounts.stray == 0)
    for name in ["1/0", "1/15", "2/15"] { #expect(world.disk.record(Key(name)) != nil) }
  }

  @Test("A crashed process reaches neither disk nor upstream")
  func crash() async throws {
    let world = SimulatedWorld(seed: 7, faults: .none)
    try await world.run(lives: 2) { process in
      guard !process.isLast else { return }
      process.crash()
      var batch = Batch()
      batch.put(Key("late"), [1])
      await #expect(throws: StoreError.self) { _ = try await process.store.commit([batch]) }
      let operation = SyncOperation(id: OperationID(high: 1, low: 1), kind: "late", enqueuedAt: process.time.now)
      await #expect(throws: CancellationError.self) {
        _ = try await process.handler.deliver(operation, attempt: DeliveryAttempt(number: 1))
      }
    }
    #expect(world.disk.record(Key("late")) == nil)
    #expect(world.upstream.acceptances.isEmpty)
  }

  @Test("Virtual days pass in no time, and a run without an end is given up at the horizon")
  func horizon() async throws {
    let world = SimulatedWorld(seed: 1)
    try await world.run { try await $0.time.sleep(for: .seconds(30 * 24 * 3_600)) }
    let failure = await #expect(throws: SimulationFailure.self) {
      try await SimulatedWorld(seed: 3).run { process in
        while true { try await process.time.sleep(for: .seconds(3_600)) }
      }
    }
    #expect(failure?.seed == 3)
    #expect(failure?.description.contains("seed 3") == true)
  }

  @Test("A program that leaves the simulated order is refused with a message that says so")
  func stray() async throws {
    let failure = await #expect(throws: SimulationFailure.self) {
      try await SimulatedWorld(seed: 1).run { process in
        let time = process.time
        let stray = Task { try await time.sleep(for: .seconds(1)) }
        // Asleep before it is waited for, it is woken when this task waits, whatever else the machine does.
        while time.sleeperCount == 0 { sched_yield() }
        try await stray.value
      }
    }
    #expect(failure?.message.contains("unstructured") == true)
  }

  @Test("The network goes away and comes back, and observers are told")
  func network() async throws {
    let world = SimulatedWorld(seed: 5)
    let seen = Mutex<Set<NetworkStatus.Condition>>([])
    try await world.run(lives: 3, lifetime: .seconds(20_000)...(.seconds(40_000))) { process in
      guard !process.isLast else { return }
      for await status in process.network.statuses() { seen.withLock { _ = $0.insert(status.condition) } }
    }
    #expect(seen.withLock { $0 }.contains(.online))
    #expect(seen.withLock { $0 }.count > 1)
    #expect(world.network.status.isOnline)
  }
}
