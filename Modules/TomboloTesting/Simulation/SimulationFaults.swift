/// How rough a simulated world is. Chances are between 0 and 1, drawn anew for each call.
public struct SimulationFaults: Sendable {
  /// A commit fails and applies nothing.
  public var commitRefusedChance = 0.02
  /// A commit is applied and its answer is lost.
  public var commitUnansweredChance = 0.01
  /// A commit fails with `outcomeUnknown` and applies nothing.
  public var commitVanishedChance = 0.01
  /// The process ends during a commit, before or after it was applied.
  public var crashDuringCommitChance = 0.005
  /// A commit takes a while, up to `slownessMaximum`.
  public var slowCommitChance = 0.1
  /// A read fails.
  public var readFailedChance = 0.01
  /// A read takes a while, up to `slownessMaximum`.
  public var slowReadChance = 0.02
  public var slownessMaximum = Duration.seconds(3)

  /// How long the network stays up, and down. With some chance a change is a flap that lasts less than a second.
  public var onlineDuration = Duration.seconds(10)...Duration.seconds(7_200)
  public var outageDuration = Duration.seconds(1)...Duration.seconds(3_600)
  public var flapChance = 0.3
  /// The wall clock jumps when the network changes, by up to `wallClockJumpMaximum` in either direction.
  public var wallClockJumpChance = 0.05
  public var wallClockJumpMaximum = Duration.seconds(24 * 3_600)

  /// A delivery meets something else than success.
  public var deliveryFaultChance = 0.4

  public init() {}

  /// Nothing ever fails.
  public static let none: SimulationFaults = {
    var faults = SimulationFaults()
    faults.commitRefusedChance = 0
    faults.commitUnansweredChance = 0
    faults.commitVanishedChance = 0
    faults.crashDuringCommitChance = 0
    faults.slowCommitChance = 0
    faults.readFailedChance = 0
    faults.slowReadChance = 0
    faults.flapChance = 0
    faults.wallClockJumpChance = 0
    faults.deliveryFaultChance = 0
    return faults
  }()
}
