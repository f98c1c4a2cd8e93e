import Synchronization
import TomboloResilience

/// Remembers every event.
final class RecordingListener: ResilienceListener {
  private let heard = Mutex<[ResilienceEvent]>([])
  var events: [ResilienceEvent] { heard.withLock { $0 } }
  /// What happened, as text.
  var lines: [String] { events.map { "\($0.pipeline)/\($0.policy): \($0.kind)" } }
  func receive(_ event: ResilienceEvent) { heard.withLock { $0.append(event) } }
}

/// A clock that stands still, a seeded generator, and someone who listens.
struct TestEnvironment {
  let clock = ManualClock()
  let listener = RecordingListener()
  let states = ResilienceStates()
  var seed: UInt64 = 1
  var environment: ResilienceEnvironment {
    ResilienceEnvironment(clock: clock, random: SplitMix64(seed: seed), states: states, listener: listener)
  }
}

/// Counts from many tasks.
final class Tally: Sendable {
  private let count = Atomic(0)
  var value: Int { count.load(ordering: .sequentiallyConsistent) }
  @discardableResult func add(_ number: Int = 1) -> Int {
    count.add(number, ordering: .sequentiallyConsistent).newValue
  }
}

struct Flaky: Error, Equatable {
  var number = 0
}
