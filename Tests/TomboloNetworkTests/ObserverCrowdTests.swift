import Logging
import Synchronization
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

/// Very many observers that come and go from several tasks while the status changes, against a model of what each must see.
@Suite(.timeLimit(.minutes(10))) struct ObserverCrowdTests {
  static let observerCount = 10_000

  /// What one observer saw. Its life is counted, to find one that is kept.
  private final class Seen: Sendable {
    private static let alive = Atomic(0)
    static var aliveCount: Int { alive.load(ordering: .acquiring) }

    let conditions = Mutex<[NetworkStatus.Condition]>([])

    init() { Self.alive.wrappingAdd(1, ordering: .acquiringAndReleasing) }
    deinit { Self.alive.wrappingSubtract(1, ordering: .acquiringAndReleasing) }
  }

  /// What each of many observers saw last.
  private final class Last: Sendable {
    let conditions = Mutex<[Int: NetworkStatus.Condition]>([:])
  }

  @Test("10,000 observers that are added and cancelled: none is left, and none that stays misses the last status")
  func crowd() async {
    let seed = UInt64.random(in: 1...UInt64.max)
    let monitor = NetworkMonitor(
      time: ManualTimeSource(), logger: Logger(label: "test") { _ in SilentLogHandler() })
    await withRunning(monitor) {
      await withTaskGroup(of: Int.self) { group in
        let taskCount = 4
        for task in 0..<taskCount {
          group.addTask {
            await Self.comeAndGo(monitor, seed: seed &+ UInt64(task), count: Self.observerCount / taskCount)
          }
        }
        group.addTask { [monitor] in
          var random = SplitMix(state: seed)
          for _ in 0..<300 {
            let condition = [NetworkStatus.Condition.offline, .limited, .online].randomElement(using: &random)
            monitor.setOverride(condition)
            await Task.yield()
          }
          return 0
        }
        var total = 0
        for await count in group { total += count }
        #expect(total == Self.observerCount, "seed \(seed)")
      }
      #expect(monitor.observerCount == 0, "seed \(seed)")
    }
    #expect(Seen.aliveCount == 0, "seed \(seed): observers are kept")
  }

  /// Adds observers, a hundred at a time; about half of them leave at once, and the others once they have seen something.
  private static func comeAndGo(_ monitor: NetworkMonitor, seed: UInt64, count: Int) async -> Int {
    var random = SplitMix(state: seed)
    var done = 0
    while done < count {
      var staying: [(seen: Seen, observation: Observation)] = []
      for _ in 0..<min(100, count - done) {
        done += 1
        let seen = Seen()
        let isQuick = random.next() % 2 == 0
        let observation = monitor.observe { status in
          if !isQuick { await Task.yield() }
          seen.conditions.withLock { $0.append(status.condition) }
        }
        if random.next() % 2 == 0 { observation.cancel() } else { staying.append((seen, observation)) }
      }
      // A stream that is only looked at once, and let go.
      for await status in monitor.statuses() {
        #expect(NetworkStatus.Condition.allCases.contains(status.condition))
        break
      }
      for one in staying {
        while one.seen.conditions.withLock({ $0.isEmpty }) { await Task.yield() }
        one.observation.cancel()
      }
    }
    return done
  }

  @Test("with the changes over, every one of 10,000 observers ends with the last status, whenever it came")
  func lastValue() async {
    let seed = UInt64.random(in: 1...UInt64.max)
    let monitor = NetworkMonitor(
      time: ManualTimeSource(), logger: Logger(label: "test") { _ in SilentLogHandler() })
    let last = Last()
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<Self.observerCount {
        group.addTask { [monitor, last] in
          for await status in monitor.statuses() {
            last.conditions.withLock { $0[number] = status.condition }
            // Nothing but this is never followed by another status.
            if status.condition == .portal { return }
          }
        }
      }
      var random = SplitMix(state: seed)
      for _ in 0..<20 {
        monitor.setOverride([.offline, .limited, .online].randomElement(using: &random))
        await Task.yield()
      }
      monitor.setOverride(.portal)
    }
    #expect(last.conditions.withLock { $0.count } == Self.observerCount, "seed \(seed)")
    #expect(last.conditions.withLock { $0.values.allSatisfy { $0 == .portal } }, "seed \(seed)")
    #expect(monitor.observerCount == 0, "seed \(seed)")
  }
}
