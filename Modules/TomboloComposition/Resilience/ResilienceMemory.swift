import Logging
import TomboloPorts
import TomboloResilience

/// What policies remember and what they did: one for a system, whatever is reloaded.
///
/// The policies of a new configuration get the same memory: a breaker that is open stays open, and a budget that is used up
/// stays used up. What was configured differently begins anew.
final class ResilienceMemory: Sendable {
  let environment: ResilienceEnvironment
  let tally: ResilienceTally

  /// Nothing remembered yet. Changes of breakers are told to `logger`.
  init(time: any TimeSource = SystemTimeSource(), logger: Logger) {
    tally = ResilienceTally(logger: logger)
    environment = ResilienceEnvironment(clock: TimeSourceClock(time: time), listener: tally)
  }
}
