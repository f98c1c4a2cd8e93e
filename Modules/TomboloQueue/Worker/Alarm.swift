import Synchronization
import TomboloPorts

/// Signals once a deadline has passed. Setting a later deadline than the present one does not disturb it: it then signals
/// early, which costs one look and loses nothing.
final class Alarm: Sendable {
  private let time: any TimeSource
  private let target: WakeSignal
  private let deadline = Mutex<Duration?>(nil)
  private let moved = WakeSignal()

  init(time: any TimeSource, target: WakeSignal) {
    self.time = time
    self.target = target
  }

  /// Asks for a signal after `delay` at the latest.
  func set(after delay: Duration) {
    set(after: delay, from: time.uptime)
  }

  /// - Parameter now: the monotonic clock, for whoever has just looked at it.
  func set(after delay: Duration, from now: Duration) {
    let wanted = now + delay
    let isEarlier = deadline.withLock { deadline in
      if let present = deadline, present <= wanted { return false }
      deadline = wanted
      return true
    }
    if isEarlier { moved.signal() }
  }

  /// Keeps time until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      guard let present = deadline.withLock({ $0 }) else {
        await moved.wait()
        continue
      }
      await wait(present - time.uptime)
      let isOver = deadline.withLock { deadline in
        guard let present = deadline, present <= time.uptime else { return false }
        deadline = nil
        return true
      }
      if isOver { target.signal() }
    }
  }

  /// Waits that long, or until the deadline is moved.
  private func wait(_ duration: Duration) async {
    guard duration > .zero else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [moved] in await moved.wait() }
      group.addTask { [time] in
        do {
          try await time.sleep(for: duration)
        } catch {
          // Cancelled, because the deadline was moved or the alarm is no longer needed: the loop looks again.
        }
      }
      await group.next()
      group.cancelAll()
    }
  }
}
