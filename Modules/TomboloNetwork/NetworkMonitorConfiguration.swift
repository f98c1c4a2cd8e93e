/// How often a monitor probes, and how it treats a network that comes and goes.
public struct NetworkMonitorConfiguration: Hashable, Sendable {
  /// The time between two probes of a network that does not change, and so the longest an idle program does not notice
  /// that its upstream went away. Also how long an answered delivery outweighs a probe that begins to fail.
  public var probeInterval: Duration
  /// The time to the next probe after something changed. It doubles with every probe that finds no further change, up to
  /// `probeInterval`.
  public var probeDelayMinimum: Duration
  /// By which part of itself a delay is shortened at random, 0 to 1, so that a fleet does not probe in step. Delays are
  /// never lengthened: `probeInterval` stays a promise.
  public var jitter: Double
  /// How repeated flaps are held; `nil` passes every change on as it comes.
  public var damping: FlapDamping?

  /// A configuration. An interval or delay below a millisecond counts as one, a jitter outside 0 to 1 as the nearer end.
  public init(
    probeInterval: Duration = .seconds(5),
    probeDelayMinimum: Duration = .milliseconds(250),
    jitter: Double = 0.2,
    damping: FlapDamping? = FlapDamping()
  ) {
    self.probeInterval = max(probeInterval, .milliseconds(1))
    self.probeDelayMinimum = min(max(probeDelayMinimum, .milliseconds(1)), self.probeInterval)
    self.jitter = min(max(jitter, 0), 1)
    self.damping = damping
  }
}
