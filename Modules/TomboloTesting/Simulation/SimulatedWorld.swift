import TomboloPorts

/// A whole world from one seed: clock, network, disk, upstream, and the order in which tasks run. The same seed gives the
/// same run, to the last job; another seed gives another.
///
///     let world = SimulatedWorld(seed: 42)
///     try await world.run(lives: 5) { process in
///       let queue = try await SyncQueue.open(store: process.store, time: process.time, …)
///       let worker = SyncWorker(queue: queue, handler: MyHandler(process.handler), network: process.network, …)
///       try await withThrowingTaskGroup { group in
///         group.addTask { try await worker.run() }
///         …
///       }
///     }
///
/// Every life but the last may crash at any moment; the next begins with exactly what was committed. In the last nothing
/// fails any more. A run that goes wrong throws `SimulationFailure`, which names the seed and tells what happened last.
///
/// The program under test must take its time, randomness and identifiers from the process it is given, and start no
/// unstructured tasks: those leave the simulated order, and `run` then fails with a message that says so.
public final class SimulatedWorld: Sendable {
  public let seed: UInt64
  public let time: SimulatedTime
  public let network: SimulatedNetwork
  public let disk: SimulatedDisk
  public let upstream: SimulatedUpstream
  public let trace: SimulationTrace
  /// How long a run may take in virtual time: what has not settled by then never will.
  public let horizon: Duration

  private let executor: DeterministicExecutor
  private let environment: SimulationEnvironment

  /// - Parameters:
  ///   - faults: how rough the world is until its last life.
  ///   - isShareable: whether its disk is one that several processes may share.
  ///   - jobCountMaximum: the most jobs of a run.
  ///   - traceLineCountMaximum: how many of the newest lines of its trace are kept.
  public init(
    seed: UInt64, faults: SimulationFaults = SimulationFaults(), horizon: Duration = .seconds(60 * 24 * 3_600),
    isShareable: Bool = false, jobCountMaximum: Int = 2_000_000, traceLineCountMaximum: Int = 60
  ) {
    self.seed = seed
    self.horizon = horizon
    var seeds = SeededGenerator(seed: seed)
    time = SimulatedTime()
    trace = SimulationTrace(lineCountMaximum: traceLineCountMaximum)
    environment = SimulationEnvironment(time: time, trace: trace, faults: faults)
    executor = DeterministicExecutor(seed: seeds.next(), jobCountMaximum: jobCountMaximum)
    network = SimulatedNetwork(time: time, trace: trace)
    disk = SimulatedDisk(isShareable: isShareable)
    upstream = SimulatedUpstream(environment: environment, network: network, seed: seeds.next())
  }

  /// How many jobs ran, and how many of them came from outside the simulated order.
  public var jobCounts: (all: Int, stray: Int) { (executor.jobCount, executor.strayJobCount) }

  /// A failure that names this world's seed and its trace.
  public func failure(_ message: String, cause: (any Error)? = nil) -> SimulationFailure {
    var failure = SimulationFailure(message, cause: cause)
    failure.seed = seed
    failure.trace = trace.tail
    return failure
  }

  /// Lives `lives` processes, one after the other, on one disk.
  ///
  /// - Parameters:
  ///   - lifetime: after how long, at a moment the seed decides, a life that is not the last one crashes. A process may end
  ///     by itself before.
  ///   - afterLife: looks at the disk between two lives and after the last.
  public func run(
    lives: Int = 1, lifetime: ClosedRange<Duration> = .seconds(1)...(.seconds(7_200)),
    afterLife: @escaping @Sendable (Int) async throws -> Void = { _ in },
    _ process: @escaping @Sendable (SimulatedProcess) async throws -> Void
  ) async throws {
    do {
      try await executor.run(whenIdle: { self.whenIdle() }) {
        try await self.live(lives, lifetime, afterLife, process)
      }
    } catch let error as SimulationFailure {
      throw error.seed == nil ? failure(error.message, cause: error.cause) : error
    } catch {
      throw failure("\(error)", cause: error)
    }
    guard executor.strayJobCount == 0 else {
      throw failure(
        "\(executor.strayJobCount) jobs came from outside the simulated order, so this run cannot be repeated: the "
          + "program starts unstructured tasks, or waits for something outside the world")
    }
  }

  private func whenIdle() -> DeterministicExecutor.IdleAction {
    if time.uptime > horizon { return .giveUp("\(horizon) have passed and it has not come to its end") }
    return time.wakeNext() ? .woke : .nothing
  }

  private func live(
    _ lives: Int, _ lifetime: ClosedRange<Duration>, _ afterLife: @Sendable (Int) async throws -> Void,
    _ body: @escaping @Sendable (SimulatedProcess) async throws -> Void
  ) async throws {
    var random = SeededGenerator(seed: seed &+ 0x5eed)
    for number in 1...max(1, lives) {
      let isLast = number >= lives
      if isLast { environment.faults = .none }
      let life = SimulatedLife(number: number)
      let process = SimulatedProcess(
        number: number, isLast: isLast,
        store: SimulatedStore(disk: disk, life: life, environment: environment, seed: random.next()),
        time: time, network: network,
        handler: SimulatedHandler(outside: upstream, life: life, environment: environment),
        life: life, seed: random.next())
      let (weather, end) = (random.next(), Self.draw(lifetime, &random))
      environment.note("life \(number) begins")
      try await live(process, endingAfter: isLast ? nil : end, weather: weather, body)
      environment.note("life \(number) ended\(life.hasCrashed ? ", crashed" : "")")
      try await afterLife(number)
    }
  }

  /// One life, to its end or its crash.
  private func live(
    _ process: SimulatedProcess, endingAfter end: Duration?, weather: UInt64,
    _ body: @escaping @Sendable (SimulatedProcess) async throws -> Void
  ) async throws {
    enum End: Sendable {
      case returned, threw(any Error), crashed, irrelevant
    }
    let error = await withTaskGroup(of: End.self) { group -> (any Error)? in
      group.addTask {
        do {
          try await body(process)
          return .returned
        } catch {
          return .threw(error)
        }
      }
      group.addTask {
        for await _ in process.life.crashes {}
        return process.life.hasCrashed ? .crashed : .irrelevant
      }
      group.addTask {
        await self.makeWeather(SeededGenerator(seed: weather), isCalm: process.isLast)
        return .irrelevant
      }
      if let end {
        group.addTask {
          do { try await self.time.sleep(for: end) } catch { return .irrelevant }
          process.crash()
          return .irrelevant
        }
      }
      var thrown: (any Error)?
      for await ended in group {
        switch ended {
        case .irrelevant: continue
        case .threw(let error): thrown = error
        case .returned, .crashed: break
        }
        group.cancelAll()
      }
      return thrown
    }
    // What a crashed process still throws is nobody's.
    if let error, process.isAlive { throw error }
  }

  /// Outages, flaps and wall clocks that jump, until the task is cancelled.
  private func makeWeather(_ generator: SeededGenerator, isCalm: Bool) async {
    var random = generator
    let faults = environment.faults
    if isCalm {
      if !network.status.isOnline { network.set(.online) }
      return
    }
    do {
      while !Task.isCancelled {
        let isOnline = network.status.isOnline
        let isFlap = Double.random(in: 0..<1, using: &random) < faults.flapChance
        let flap = Duration.milliseconds(1)...Duration.seconds(1)
        let range = isFlap ? flap : isOnline ? faults.onlineDuration : faults.outageDuration
        try await time.sleep(for: Self.draw(range, &random))
        let down: [NetworkStatus.Condition] = [.offline, .offline, .limited, .portal]
        network.set(isOnline ? down.randomElement(using: &random) ?? .offline : .online)
        if Double.random(in: 0..<1, using: &random) < faults.wallClockJumpChance {
          let maximum = faults.wallClockJumpMaximum
          let jump = Self.draw(.zero - maximum...maximum, &random)
          environment.note("wall clock jumps by \(jump)")
          time.jumpWallClock(by: jump)
        }
      }
    } catch {
      // Cancelled: this life is over.
    }
  }

  private static func draw(_ range: ClosedRange<Duration>, _ random: inout SeededGenerator) -> Duration {
    .milliseconds(
      Int64.random(in: range.lowerBound.wholeMilliseconds...range.upperBound.wholeMilliseconds, using: &random))
  }
}
