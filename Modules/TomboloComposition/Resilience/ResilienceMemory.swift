public import Logging
public import TomboloPorts
import Synchronization
import TomboloResilience

/// What policies remember and what they did: one for a program.
///
/// A system that is made again, because its configuration changed, is given the same memory: a breaker that is open stays
/// open, and a budget that is used up stays used up. What was configured differently begins anew.
public final class ResilienceMemory: Sendable {
  let environment: ResilienceEnvironment
  let tally: ResilienceTally
  private let online = Mutex<(@Sendable () -> Bool)?>(nil)

  /// Nothing remembered yet. Changes of breakers are told to `logger`.
  public init(time: any TimeSource = SystemTimeSource(), logger: Logger) {
    tally = ResilienceTally(logger: logger)
    environment = ResilienceEnvironment(clock: TimeSourceClock(time: time), listener: tally)
  }

  /// Whether the network is there, as far as anybody watches it. Without it, that nobody answers is not the upstream's fault.
  @Sendable func isOnline() -> Bool { online.withLock { $0 }?() ?? true }

  /// Whom to ask from now on. It may itself hold the system that holds this memory, so the next system replaces it.
  func setOnline(_ isOnline: @escaping @Sendable () -> Bool) { online.withLock { $0 = isOnline } }
}
