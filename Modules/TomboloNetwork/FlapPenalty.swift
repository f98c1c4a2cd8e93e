import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The decaying count of losses behind `FlapDamping`. A value without a clock: the caller says what time it is.
struct FlapPenalty: Sendable {
  private let damping: FlapDamping
  private var penalty = 0.0
  private var uptime = Duration.zero
  private var isSuppressing = false

  init(_ damping: FlapDamping) {
    self.damping = damping
  }

  /// Counts a loss.
  mutating func addLoss(at now: Duration) {
    let cap = damping.reuseBelow * exp2(damping.holdMaximum.inSeconds / damping.halfLife.inSeconds)
    penalty = min(value(at: now) + 1, cap)
    uptime = now
  }

  /// How long a recovery at `now` is to be held; `nil` when it may pass.
  mutating func hold(at now: Duration) -> Duration? {
    let present = value(at: now)
    if present > damping.suppressAbove { isSuppressing = true }
    // A hold that is due is over: rounding must not leave a last sliver of it.
    if present <= damping.reuseBelow * 1.000_001 { isSuppressing = false }
    guard isSuppressing else { return nil }
    return damping.halfLife * log2(present / damping.reuseBelow)
  }

  private func value(at now: Duration) -> Double {
    penalty * exp2(-(now - uptime).inSeconds / damping.halfLife.inSeconds)
  }
}
