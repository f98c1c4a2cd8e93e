public import Logging
public import TomboloPorts
import TomboloResilience

/// What policies remember and what they did: one for a program.
///
/// A system that is made again, because its configuration changed, is given the same memory: a breaker that is open stays
/// open, and a budget that is used up stays used up. What was configured differently begins anew.
public final class ResilienceMemory: Sendable {
  let environment: ResilienceEnvironment
  let tally: ResilienceTally

  /// Nothing remembered yet. Changes of breakers are told to `logger`.
  public init(time: any TimeSource = SystemTimeSource(), logger: Logger) {
    tally = ResilienceTally(logger: logger)
    environment = ResilienceEnvironment(clock: TimeSourceClock(time: time), listener: tally)
  }
}
