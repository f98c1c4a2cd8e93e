#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Where time comes from: the wall clock for moments that outlive the process, a monotonic clock for everything that waits.
///
/// It is handed in, never reached for, so that a test can run a week in a millisecond.
public protocol TimeSource: Sendable {
  /// The wall clock. It may jump in either direction.
  var now: Timestamp { get }
  /// A clock that never goes back, counted from an arbitrary origin. It goes on while the machine sleeps.
  var uptime: Duration { get }
  /// Waits on the monotonic clock. Throws `CancellationError` when the task is cancelled; zero or less returns at once.
  func sleep(for duration: Duration) async throws
}

/// The machine's own clocks.
public struct SystemTimeSource: TimeSource {
  private let origin: ContinuousClock.Instant

  public init() {
    origin = ContinuousClock().now
  }

  public var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(millisecondsSinceEpoch: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
  }

  public var uptime: Duration {
    origin.duration(to: ContinuousClock().now)
  }

  public func sleep(for duration: Duration) async throws {
    try await ContinuousClock().sleep(for: duration)
  }
}
