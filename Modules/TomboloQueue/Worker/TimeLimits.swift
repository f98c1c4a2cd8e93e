import Synchronization
import TomboloPorts

/// Ends attempts whose handlers have given no sign of life for their time limit.
///
/// One timer serves all of them. A sleep that is cancelled stays with the system until it would have ended, so that a sleep for
/// each attempt would hold memory for as long as the limit is, however short the attempts are.
final class TimeLimits: Sendable {
  /// Where the limit of an attempt is kept.
  struct Slot: Sendable {
    fileprivate var index: Int
    var duration: Duration
  }

  private struct State {
    var lastNumber: UInt64 = 0
    /// Each in a slot of its own; no more than there were deliveries under way at once.
    var slots: [TimeLimit?] = []
    var freeSlots: [Int] = []
  }

  private let time: any TimeSource
  private let due = WakeSignal()
  private let alarm: Alarm
  private let state = Mutex(State())

  init(time: any TimeSource) {
    self.time = time
    alarm = Alarm(time: time, target: due)
  }

  /// How many attempts have a limit now.
  var runningCount: Int { state.withLock { $0.slots.count - $0.freeSlots.count } }

  /// An attempt begins, and is interrupted when its time is over. Whoever gets its slot hands it to `ended` once, however the
  /// attempt ends.
  func begin(_ id: OperationID, at now: Duration, within duration: Duration, _ interruption: Interruption) -> Slot {
    let index = state.withLock { state in
      state.lastNumber += 1
      let limit = TimeLimit(
        number: state.lastNumber, id: id, startedAt: now, duration: duration, interruption: interruption)
      if let index = state.freeSlots.popLast() {
        state.slots[index] = limit
        return index
      }
      state.slots.append(limit)
      return state.slots.count - 1
    }
    alarm.set(after: duration, from: now)
    return Slot(index: index, duration: duration)
  }

  func ended(_ slot: Slot) {
    state.withLock { state in
      state.slots[slot.index] = nil
      state.freeSlots.append(slot.index)
    }
  }

  /// Watches until the task is cancelled.
  ///
  /// - Parameter lastReport: when the handler of an operation last gave a sign of life, by the monotonic clock.
  func run(_ lastReport: @Sendable (OperationID) -> Duration?) async {
    await withDiscardingTaskGroup { group in
      group.addTask { [alarm] in await alarm.run() }
      while !Task.isCancelled {
        await due.wait()
        look(lastReport)
      }
    }
  }

  /// Ends what is over, and asks to be woken when the next would be.
  private func look(_ lastReport: (OperationID) -> Duration?) {
    let now = time.uptime
    var next: Duration?
    // In the order in which they began, so that a simulated world can be repeated.
    for limit in state.withLock({ $0.slots.compactMap(\.self).sorted { $0.number < $1.number } }) {
      let end = max(limit.startedAt, lastReport(limit.id) ?? .zero) + limit.duration
      if end <= now {
        limit.interruption.interrupt(.timeOver)
      } else {
        next = min(next ?? end, end)
      }
    }
    if let next { alarm.set(after: next - now) }
  }
}

/// The time limit of one attempt.
private struct TimeLimit: Sendable {
  var number: UInt64
  var id: OperationID
  /// By the monotonic clock.
  var startedAt: Duration
  var duration: Duration
  var interruption: Interruption
}
