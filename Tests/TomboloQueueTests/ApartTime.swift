import TomboloPorts
import TomboloTesting

/// A clock moved by hand on which sleeps of one length are apart from all others: a test can tell when whoever sleeps that long has
/// done what it does in between, and sleeps again.
final class ApartTime: TimeSource {
  /// What everybody else sleeps on.
  let time = ManualTimeSource()
  private let apart = ManualTimeSource()
  private let length: Duration

  init(_ length: Duration) {
    self.length = length
  }

  var now: Timestamp { time.now }
  var uptime: Duration { time.uptime }

  func sleep(for duration: Duration) async throws {
    try await (duration == length ? apart : time).sleep(for: duration)
  }

  /// Returns once somebody sleeps for that length.
  func waitForSleeper() async {
    await apart.waitForSleepers(1)
  }

  /// Lets time pass for all.
  func advance(by duration: Duration) {
    // In this order: whoever wakes apart finds the time that it woke for.
    time.advance(by: duration)
    apart.advance(by: duration)
  }
}
