/// The circuit breaker without lock and clock: calls and their ends go in with the time, permits and refusals come out.
///
///                failures reach the ratio
///        closed ─────────────────────────▶ open ◀──┐
///          ▲                                │      │ a probe fails
///          │ enough probes succeed          │ openDuration is over
///          └───────────────────────────── halfOpen ┘
///
///     isolate(): from anywhere to isolated.   close(): from anywhere to closed, with an empty window.
///
/// A result counts only in the period in which its call began: a slow call of before the outage neither opens a breaker that
/// just closed nor closes one that is probing. A probe keeps its permit until it has ended, even when the breaker moved on
/// meanwhile, so the outside never sees more probes at once than the limit.
package struct CircuitBreakerMachine: Sendable {
  /// The right to make one call, to be settled exactly once.
  package struct Permit: Hashable, Sendable {
    fileprivate let period: UInt64
    fileprivate let isProbe: Bool

    fileprivate init(period: UInt64, isProbe: Bool) {
      self.period = period
      self.isProbe = isProbe
    }

    /// The permit of every call that begins while the breaker is closed, as `admit(at:)` gives it.
    package init(closedPeriod: UInt64) { self.init(period: closedPeriod, isProbe: false) }
  }

  /// What became of a call that had a permit.
  package enum Outcome: Hashable, Sendable, CaseIterable {
    case succeeded
    case failed
    /// It says nothing about the outside, as when its caller cancelled it.
    case ignored
  }

  /// The answer to one who wants to call.
  package enum Admission: Hashable, Sendable {
    case admitted(Permit)
    /// Why not: `open`, `halfOpen` (all probes are under way) or `isolated`.
    case refused(CircuitBreakerState)
  }

  private enum Phase {
    case closed
    case open(until: Duration)
    case halfOpen(successCount: Int)
    case isolated
  }

  private let configuration: CircuitBreakerConfiguration
  private var phase = Phase.closed
  private var window: CallWindow
  /// Grows with every change of phase, so that late results are recognised.
  package private(set) var period: UInt64 = 0
  /// Probes under way, those of earlier periods included.
  package private(set) var probeCount = 0

  package init(_ configuration: CircuitBreakerConfiguration) {
    self.configuration = configuration
    window = CallWindow(configuration.window)
  }

  /// Whether calls go through and are counted.
  package var isClosed: Bool {
    if case .closed = phase { true } else { false }
  }

  package func state(at now: Duration) -> CircuitBreakerState {
    switch phase {
    case .closed: .closed
    case .open(let until): until > now ? .open(remaining: until - now) : .halfOpen
    case .halfOpen: .halfOpen
    case .isolated: .isolated
    }
  }

  /// Asks for a permit. Whoever gets one settles it exactly once.
  package mutating func admit(at now: Duration) -> Admission {
    switch phase {
    case .closed:
      return .admitted(Permit(period: period, isProbe: false))
    case .isolated:
      return .refused(.isolated)
    case .open(let until):
      guard until <= now else { return .refused(.open(remaining: until - now)) }
      enter(.halfOpen(successCount: 0))
      return admitProbe()
    case .halfOpen:
      return admitProbe()
    }
  }

  /// Tells what became of a call, and gives its permit back. A slow probe counts as a failed one, because what is slow is
  /// not well again. The time is asked for when it is needed: by a window of time, and to open.
  package mutating func settle(
    _ permit: Permit, as outcome: Outcome, isSlow: Bool = false, at now: @autoclosure () -> Duration
  ) {
    if permit.isProbe { probeCount -= 1 }
    guard permit.period == period else { return }
    switch (phase, outcome) {
    case (_, .ignored), (.open, _), (.isolated, _):
      break
    case (.closed, _):
      window.record(failed: outcome == .failed, isSlow: isSlow, at: now())
      if isTooBad { open(at: now()) }
    case (.halfOpen, .failed):
      open(at: now())
    case (.halfOpen, .succeeded) where isSlow:
      open(at: now())
    case (.halfOpen(let successCount), .succeeded):
      if successCount + 1 >= configuration.successThreshold {
        close()
      } else {
        phase = .halfOpen(successCount: successCount + 1)
      }
    }
  }

  /// Refuses everything until it is closed by hand.
  package mutating func isolate() {
    enter(.isolated)
  }

  /// Closes it, whatever it was, and forgets what it counted.
  package mutating func close() {
    enter(.closed)
    window.reset()
  }

  /// Lets an open breaker probe now, because there is reason to think that the outside is well again.
  package mutating func probe() {
    if case .open = phase { enter(.halfOpen(successCount: 0)) }
  }

  private var isTooBad: Bool {
    guard window.callCount >= configuration.callCountMinimum else { return false }
    let calls = Double(window.callCount)
    // Without a failure or slow call nothing opens it, not even a ratio of nothing.
    return window.failureCount > 0 && Double(window.failureCount) >= configuration.failureRatio * calls
      || window.slowCount > 0 && Double(window.slowCount) >= configuration.slowCallRatio * calls
  }

  private mutating func admitProbe() -> Admission {
    guard probeCount < configuration.probeMaximum else { return .refused(.halfOpen) }
    probeCount += 1
    return .admitted(Permit(period: period, isProbe: true))
  }

  private mutating func open(at now: Duration) {
    enter(.open(until: now + configuration.openDuration))
  }

  private mutating func enter(_ next: Phase) {
    phase = next
    period += 1
  }
}
