import Logging
import Synchronization
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite(.timeLimit(.minutes(5))) struct ObserverTests {
  private let monitor = NetworkMonitor(
    time: ManualTimeSource(), logger: Logger(label: "test") { _ in SilentLogHandler() })

  @Test("an observer gets the present status first, then every change")
  func valueFirst() async {
    monitor.setOverride(.offline)
    var statuses = monitor.statuses().makeAsyncIterator()
    #expect(await statuses.next()?.condition == .offline)
    for condition in [NetworkStatus.Condition.limited, .portal, .online] {
      monitor.setOverride(condition)
      #expect(await statuses.next()?.condition == condition)
    }
  }

  @Test("a slow reader gets the newest status")
  func slowReader() async {
    var statuses = monitor.statuses().makeAsyncIterator()
    for condition in NetworkStatus.Condition.allCases { monitor.setOverride(condition) }
    monitor.setOverride(.portal)
    #expect(await statuses.next()?.condition == .portal)
  }

  @Test("ending the iteration, or dropping the stream, ends the observation")
  func termination() async {
    for await _ in monitor.statuses() { break }
    #expect(monitor.observerCount == 0)
    _ = monitor.statuses()
    #expect(monitor.observerCount == 0)
  }

  @Test("a callback that never returns delays no other")
  func stuckCallback() async {
    let gate = AsyncStream.makeStream(of: Void.self)
    let (seen, sink) = AsyncStream.makeStream(of: NetworkStatus.Condition.self)
    await withRunning(monitor) {
      let stuck = monitor.observe { _ in for await _ in gate.stream {} }
      let quick = monitor.observe { sink.yield($0.condition) }
      var conditions = seen.makeAsyncIterator()
      #expect(await conditions.next() == .online)
      for condition in [NetworkStatus.Condition.offline, .limited, .portal, .online] {
        monitor.setOverride(condition)
        #expect(await conditions.next() == condition)
      }
      stuck.cancel()
      quick.cancel()
      gate.continuation.finish()
    }
    #expect(monitor.observerCount == 0)
  }

  @Test("a callback that throws is not called again, and harms no other")
  func throwingCallback() async {
    struct Broken: Error {}
    let log = RecordingLog()
    let monitor = NetworkMonitor(time: ManualTimeSource(), logger: Logger(label: "test") { _ in log.handler })
    let calls = Atomic(0)
    let (seen, sink) = AsyncStream.makeStream(of: NetworkStatus.Condition.self)
    await withRunning(monitor) {
      let broken = monitor.observe { _ in
        calls.add(1, ordering: .relaxed)
        throw Broken()
      }
      let sound = monitor.observe { sink.yield($0.condition) }
      var conditions = seen.makeAsyncIterator()
      #expect(await conditions.next() == .online)
      while monitor.observerCount > 1 { await Task.yield() }
      monitor.setOverride(.offline)
      #expect(await conditions.next() == .offline)
      // It is told after it was taken off the list, and not any more when the monitor's own task ends in between.
      while !log.lines.contains(where: { $0.hasPrefix("warning an observer of the network failed") }) {
        await Task.yield()
      }
      broken.cancel()
      sound.cancel()
    }
    #expect(calls.load(ordering: .relaxed) == 1)
  }

  @Test("after it was cancelled a callback is not called again, not even with a status that was waiting for it")
  func cancelledCallback() async {
    let gate = AsyncStream.makeStream(of: Void.self)
    let (entered, entrance) = AsyncStream.makeStream(of: NetworkStatus.Condition.self)
    let (left, exit) = AsyncStream.makeStream(of: NetworkStatus.Condition.self)
    await withRunning(monitor) {
      let observation = monitor.observe { status in
        entrance.yield(status.condition)
        for await _ in gate.stream {}
        exit.yield(status.condition)
      }
      var calls = entered.makeAsyncIterator()
      #expect(await calls.next() == .online)
      monitor.setOverride(.offline)
      observation.cancel()
      gate.continuation.finish()
      var returns = left.makeAsyncIterator()
      #expect(await returns.next() == .online)
    }
    // The monitor's run has ended, and with it every task that could call.
    entrance.finish()
    var conditions: [NetworkStatus.Condition] = []
    for await condition in entered { conditions.append(condition) }
    #expect(conditions.isEmpty)
  }

  @Test("a thousand observers that come and go: each that stays sees the last status, none is called after it left")
  func thousand() async {
    let seed = UInt64.random(in: 1...UInt64.max)
    var random = SplitMix(state: seed)
    let last = Mutex<[Int: NetworkStatus.Condition]>([:])
    let (told, teller) = AsyncStream.makeStream(of: Int.self)
    await withRunning(monitor) {
      var observations: [Int: Observation] = [:]
      var left: Set<Int> = []
      for token in 0..<1_000 {
        observations[token] = monitor.observe { status in
          last.withLock { $0[token] = status.condition }
          if status.condition == .portal { teller.yield(token) }
        }
        if random.next() % 3 == 0, let leaving = observations.keys.randomElement(using: &random) {
          observations.removeValue(forKey: leaving)?.cancel()
          left.insert(leaving)
        }
        if random.next() % 4 == 0 {
          monitor.setOverride([.offline, .limited, .online].randomElement(using: &random))
        }
      }
      #expect(monitor.observerCount == observations.count, "seed \(seed)")

      monitor.setOverride(.portal)
      var missing = Set(observations.keys)
      for await token in told {
        #expect(!left.contains(token), "seed \(seed)")
        missing.remove(token)
        if missing.isEmpty { break }
      }
      for observation in observations.values { observation.cancel() }
      #expect(monitor.observerCount == 0, "seed \(seed)")
    }
  }

  @Test("observers that come while the status changes from several tasks all end with the last status")
  func concurrentChanges() async {
    for _ in 0..<50 {
      await withTaskGroup(of: Void.self) { group in
        for condition in [NetworkStatus.Condition.offline, .limited, .online] {
          group.addTask { [monitor] in for _ in 0..<20 { monitor.setOverride(condition) } }
        }
        for _ in 0..<4 {
          group.addTask { [monitor] in
            for await status in monitor.statuses() where status.condition == .portal { return }
          }
        }
        // The changes first: then nothing but the last one follows, and every observer must get it.
        for _ in 0..<3 { await group.next() }
        monitor.setOverride(.portal)
      }
      monitor.setOverride(nil)
    }
  }

  @Test("from the report to the observer's value nothing waits for a clock: every report is told though none moves")
  func latency() async {
    struct Told: Sendable {
      var condition: NetworkStatus.Condition
      var at: ContinuousClock.Instant
    }
    let clock = ContinuousClock()
    let time = ManualTimeSource()
    let (seen, sink) = AsyncStream.makeStream(of: Told.self)
    // Nothing is held back: so many losses would be.
    let monitor = NetworkMonitor(
      configuration: NetworkMonitorConfiguration(damping: nil), time: time,
      logger: Logger(label: "test") { _ in SilentLogHandler() })
    await withRunning(monitor) {
      let observation = monitor.observe { sink.yield(Told(condition: $0.condition, at: clock.now)) }
      var told = seen.makeAsyncIterator()
      _ = await told.next()
      var delays: [Duration] = []
      for round in 0..<500 {
        let isLoss = round.isMultiple(of: 2)
        let expected = isLoss ? NetworkStatus.Condition.limited : .online
        let start = clock.now
        _ = await monitor.report(isLoss ? .unreachable("reset") : .answered)
        // Without a clock that moves a wait would never end, and this neither.
        let next = await told.next()
        #expect(next?.condition == expected)
        if let next { delays.append(start.duration(to: next.at)) }
      }
      observation.cancel()
      #expect(time.sleeperCount == 0)
      // How long that takes in truth is for people to read: here other tests have the processors, too.
      delays.sort()
      let median = delays.dropFirst(delays.count / 2).first ?? .zero
      print("from the report to the observer's value: \(median) (median of \(delays.count))")
    }
  }
}

/// A small generator with a seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
