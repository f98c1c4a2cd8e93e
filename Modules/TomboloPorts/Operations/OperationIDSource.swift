private import Synchronization

/// Where identifiers of operations come from.
public protocol OperationIDSource: Sendable {
  /// A new identifier, greater than every one this source gave before and than every one it was told of.
  func next(at now: Timestamp) -> OperationID

  /// Makes every later identifier greater than `id`. The queue tells the greatest one in its store when it opens, so that
  /// order survives a restart with a clock that was set back.
  func advance(past id: OperationID)
}

/// UUID version 7 with a counter: the 74 bits after the time start at random in each new millisecond and count up within
/// it (RFC 9562, section 6.2, method 2), and the time never goes back.
public final class MonotonicOperationIDSource: OperationIDSource {
  private struct State {
    var milliseconds: UInt64 = 0
    var counterHigh: UInt64 = 0  // 12 bits, beside the time
    var counterLow: UInt64 = 0  // 62 bits, beside the variant
    /// What is left of the last number drawn for steps; drawing one is a call to the system.
    var stepBits: UInt64 = 0
    var random: any RandomNumberGenerator & Sendable
  }
  private let state: Mutex<State>

  private static let counterLowMask: UInt64 = 0x3FFF_FFFF_FFFF_FFFF

  /// - Parameter random: where numbers come from; left out, the system, which is asked for many at a time.
  public init(random: (any RandomNumberGenerator & Sendable)? = nil) {
    let random = random ?? DrawnNumbers()
    state = Mutex(State(random: random))
  }

  public func next(at now: Timestamp) -> OperationID {
    state.withLock { state in
      let present = UInt64(clamping: now.millisecondsSinceEpoch) & 0xFFFF_FFFF_FFFF
      if present > state.milliseconds {
        state.milliseconds = present
        // The top bit stays clear, so that a millisecond has room to count up from wherever it starts.
        state.counterHigh = state.random.next() & 0x7FF
        state.counterLow = state.random.next() & Self.counterLowMask
      } else {
        Self.increment(&state)
      }
      return OperationID(
        high: state.milliseconds << 16 | 0x7000 | state.counterHigh,
        low: 0x8000_0000_0000_0000 | state.counterLow)
    }
  }

  public func advance(past id: OperationID) {
    state.withLock { state in
      let milliseconds = id.high >> 16
      let counterHigh = id.high & 0xFFF
      let counterLow = id.low & Self.counterLowMask
      let isLater =
        (milliseconds, counterHigh, counterLow) > (state.milliseconds, state.counterHigh, state.counterLow)
      guard isLater else { return }
      state.milliseconds = milliseconds
      state.counterHigh = counterHigh
      state.counterLow = counterLow
    }
  }

  /// Counts up by a random step, so that identifiers are not guessable from their neighbours, and carries into the time
  /// when the counter is exhausted.
  private static func increment(_ state: inout State) {
    if state.stepBits == 0 { state.stepBits = state.random.next() }
    let step = state.stepBits & 0xFFFF_FFFF | 1
    state.stepBits >>= 32
    let (sum, overflow) = state.counterLow.addingReportingOverflow(step)
    guard overflow || sum > counterLowMask else {
      state.counterLow = sum
      return
    }
    state.counterLow = sum & counterLowMask
    state.counterHigh += 1
    guard state.counterHigh > 0xFFF else { return }
    state.counterHigh = 0
    state.milliseconds += 1
  }
}
