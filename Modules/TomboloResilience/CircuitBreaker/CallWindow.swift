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
  /// The slice that is being written.
  private var place: Int
  /// `nil` with a window of calls.
  private let sliceDuration: Duration?
  /// When the slice that is being written ends; with a window of calls it means nothing.
  private var placeEnd = Duration.zero

  package init(_ window: CircuitBreakerConfiguration.Window) {
    switch window {
    case .count(let count):
      slices = Array(repeating: Slice(), count: count)
      sliceDuration = nil
    case .time(let span):
      slices = Array(repeating: Slice(), count: 10)
      sliceDuration = span / 10
    }
    place = slices.count - 1
  }

  /// Adds a call that ended at `now`. A `now` that is earlier than the one before counts as that one; with a window of calls
  /// nobody asks for it.
  package mutating func record(failed: Bool, isSlow: Bool = false, at now: @autoclosure () -> Duration) {
    if sliceDuration == nil { advance(by: 1) } else { expire(at: now()) }
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
    // The division is wide and slow, and most calls come while the slice of the call before is still written.
    guard let sliceDuration, now >= placeEnd else { return }
    let sliceCount = (now - placeEnd).attoseconds / sliceDuration.attoseconds + 1
    placeEnd += Duration(attoseconds: sliceDuration.attoseconds * sliceCount)
    // After a long silence each slice is emptied once, not once for each slice that passed.
    advance(by: Int(min(sliceCount, Int128(slices.count))))
  }

  /// Forgets every call.
  package mutating func reset() {
    for place in slices.indices { slices[place] = Slice() }
    callCount = 0
    failureCount = 0
    slowCount = 0
  }

  /// Writes so many slices further on, and empties them.
  private mutating func advance(by count: Int) {
    for _ in 0..<count {
      place = place + 1 == slices.count ? 0 : place + 1
      callCount -= slices[place].callCount
      failureCount -= slices[place].failureCount
      slowCount -= slices[place].slowCount
      slices[place] = Slice()
    }
  }
}
