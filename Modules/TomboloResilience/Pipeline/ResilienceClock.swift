/// Any monotonic clock, with its type hidden, so that policies need not carry it in theirs.
///
/// Its instants are the time since the clock was wrapped; those of two wrapped clocks are not comparable.
public struct ResilienceClock: Clock {
  /// A moment of the clock.
  public struct Instant: InstantProtocol {
    /// The time since the clock was wrapped.
    public let sinceStart: Duration

    /// The moment `duration` later.
    public func advanced(by duration: Duration) -> Instant { Instant(sinceStart: sinceStart + duration) }
    /// The time from this moment to `other`.
    public func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }
    /// Whether `left` is earlier.
    public static func < (left: Instant, right: Instant) -> Bool { left.sinceStart < right.sinceStart }
  }

  /// The shortest time the wrapped clock can tell apart.
  public let minimumResolution: Duration
  private let elapsed: @Sendable () -> Duration
  private let pause: @Sendable (Duration, Duration?) async throws -> Void

  /// Wraps a clock.
  public init<C: Clock>(_ clock: C) where C.Duration == Duration {
    let start = clock.now
    minimumResolution = clock.minimumResolution
    elapsed = { start.duration(to: clock.now) }
    pause = { try await clock.sleep(until: start.advanced(by: $0), tolerance: $1) }
  }

  /// The time since the clock was wrapped.
  public var now: Instant { Instant(sinceStart: elapsed()) }

  /// Waits until the moment; throws `CancellationError` when the task is cancelled.
  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    try await pause(deadline.sinceStart, tolerance)
  }
}
