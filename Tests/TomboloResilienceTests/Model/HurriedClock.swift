import Synchronization

/// A clock that moves on by a millisecond whenever somebody looks at it, so that many tasks can wait on it at once and none
/// waits in truth.
final class HurriedClock: Clock {
  private let milliseconds = Atomic<Int>(0)

  var now: ManualClock.Instant {
    ManualClock.Instant(
      offset: .milliseconds(milliseconds.add(1, ordering: .sequentiallyConsistent).newValue))
  }
  var minimumResolution: Duration { .milliseconds(1) }

  func sleep(until deadline: ManualClock.Instant, tolerance: Duration?) async throws {
    while now < deadline {
      try Task.checkCancellation()
      await Task.yield()
    }
    try Task.checkCancellation()
  }
}
