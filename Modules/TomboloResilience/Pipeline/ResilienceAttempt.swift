/// What a policy tells the call it makes: which attempt this is, and what may be done with it.
public struct ResilienceAttempt: Hashable, Sendable {
  /// The number of the attempt; the first is 1.
  public var number: Int
  /// Whether making the call twice does no more than making it once.
  public var isIdempotent: Bool
  /// Who goes first where calls must wait for a place.
  public var priority: CallPriority
  /// When the whole call must have ended, on the clock of the environment; `nil` without a total time limit.
  public var deadline: ResilienceClock.Instant?

  /// The first attempt of a call.
  @inlinable
  public init(
    number: Int = 1, isIdempotent: Bool = false, priority: CallPriority = .normal,
    deadline: ResilienceClock.Instant? = nil
  ) {
    self.number = number
    self.priority = priority
    self.isIdempotent = isIdempotent
    self.deadline = deadline
  }
}
