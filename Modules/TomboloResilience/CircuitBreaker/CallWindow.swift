/// How many of the recent calls there were, and how many of them failed. Its memory is fixed when it is made.
package struct CallWindow: Sendable {
  private struct Slice {
    var callCount = 0
    var failureCount = 0
    var slowCount = 0
  }

  /// Calls in the window.
  package private(set) var callCount = 0
  /// Those of them that failed.
  package private(set) var failureCount = 0
  /// Those of them that took too long, failed or not.
  package private(set) var slowCount = 0

  /// One slice a call with a window of calls; one a tenth of the span with a window of time.
  private var slices: [Slice]
  /// The running number of the slice that is being written; its place is the remainder.
  private var newest: Int128 = -1
  /// `nil` with a window of calls.
  private let sliceDuration: Duration?

  package init(_ window: CircuitBreakerConfiguration.Window) {
    switch window {
    case .count(let count):
      slices = Array(repeating: Slice(), count: count)
      sliceDuration = nil
    case .time(let span):
      slices = Array(repeating: Slice(), count: 10)
      sliceDuration = span / 10
    }
  }

  /// Adds a call that ended at `now`. A `now` that is earlier than the one before counts as that one.
  package mutating func record(failed: Bool, isSlow: Bool = false, at now: Duration) {
    if sliceDuration == nil {
      advance(to: newest + 1)
    } else {
      expire(at: now)
    }
    let place = Int(newest % Int128(slices.count))
    slices[place].callCount += 1
    callCount += 1
    if isSlow {
      slices[place].slowCount += 1
      slowCount += 1
    }
    guard failed else { return }
    slices[place].failureCount += 1
    failureCount += 1
  }

  /// Forgets what has grown too old; nothing to do in a window of calls.
  package mutating func expire(at now: Duration) {
    guard let sliceDuration else { return }
    advance(to: max(0, now.attoseconds / sliceDuration.attoseconds))
  }

  /// Forgets every call.
  package mutating func reset() {
    for place in slices.indices { slices[place] = Slice() }
    callCount = 0
    failureCount = 0
    slowCount = 0
  }

  /// Empties the slices between the newest and `target`, which becomes the newest.
  private mutating func advance(to target: Int128) {
    guard target > newest else { return }
    // After a long silence each slice is emptied once, not once for each slice that passed.
    for number in max(newest + 1, target - Int128(slices.count) + 1)...target {
      let place = Int(number % Int128(slices.count))
      callCount -= slices[place].callCount
      failureCount -= slices[place].failureCount
      slowCount -= slices[place].slowCount
      slices[place] = Slice()
    }
    newest = target
  }
}
