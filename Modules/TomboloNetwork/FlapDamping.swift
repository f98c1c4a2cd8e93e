/// How a recovery is held back when the network comes and goes, after the idea of route flap damping (RFC 2439).
///
/// Every loss adds 1 to a penalty that halves with each `halfLife`. While the penalty was above `suppressAbove` and has not
/// yet fallen to `reuseBelow`, a recovery that only a probe claims is held. The first changes are therefore immediate, and a
/// loss is always immediate. A recovery that an answered delivery proves is immediate too, once a second while recoveries
/// are held: where every flap lets a delivery through, each would be a change. From offline to limited is a recovery too.
///
/// With the defaults a network that is lost once every six seconds or more slowly is never held, and no hold is longer
/// than fifteen seconds.
public struct FlapDamping: Hashable, Sendable {
  /// In this time the penalty halves.
  public var halfLife: Duration
  /// A recovery is held when the penalty is above this.
  public var suppressAbove: Double
  /// A hold ends when the penalty has fallen to this.
  public var reuseBelow: Double
  /// No hold is longer. The penalty is capped to what decays in this time.
  public var holdMaximum: Duration

  /// An answered delivery ends a hold no more often than this.
  static let proofInterval = Duration.seconds(1)

  /// A damping. A half-life below a millisecond counts as one, and `reuseBelow` is at least 0.1.
  public init(
    halfLife: Duration = .seconds(10),
    suppressAbove: Double = 3,
    reuseBelow: Double = 2,
    holdMaximum: Duration = .seconds(15)
  ) {
    self.halfLife = max(halfLife, .milliseconds(1))
    self.suppressAbove = suppressAbove
    self.reuseBelow = max(reuseBelow, 0.1)
    self.holdMaximum = max(holdMaximum, .zero)
  }
}
