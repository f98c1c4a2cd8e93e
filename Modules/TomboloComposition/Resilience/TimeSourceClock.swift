import TomboloPorts

/// A time source as a clock, so that policies wait on the same time as everything else.
struct TimeSourceClock: Clock {
  /// A moment of the monotonic clock.
  struct Instant: InstantProtocol {
    var uptime: Duration

    func advanced(by duration: Duration) -> Instant { Instant(uptime: uptime + duration) }
    func duration(to other: Instant) -> Duration { other.uptime - uptime }
    static func < (left: Instant, right: Instant) -> Bool { left.uptime < right.uptime }
  }

  let time: any TimeSource
  var minimumResolution: Duration { .zero }
  var now: Instant { Instant(uptime: time.uptime) }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try await time.sleep(for: now.duration(to: deadline))
  }
}
