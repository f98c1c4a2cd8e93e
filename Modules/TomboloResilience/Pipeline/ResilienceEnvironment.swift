private import Synchronization

/// What policies get from outside: time, randomness, shared state and someone who listens.
///
/// One environment serves a whole program. Two pipelines with the same environment share the breakers, limiters and budgets
/// that have the same name, so a pipeline that is built again after a change of configuration goes on where it was.
public struct ResilienceEnvironment: Sendable {
  /// The clock that every policy reads.
  public let clock: ResilienceClock
  /// State shared by name.
  public let states: ResilienceStates
  /// Hears what policies do.
  public let listener: (any ResilienceListener)?
  private let generator: Generator

  /// An environment; the defaults are the continuous clock, the system's generator, states of its own and nobody listening.
  public init(
    clock: some Clock<Duration> = ContinuousClock(),
    random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
    states: ResilienceStates = ResilienceStates(),
    listener: (any ResilienceListener)? = nil
  ) {
    self.clock = ResilienceClock(clock)
    self.generator = Generator(random)
    self.states = states
    self.listener = listener
  }

  /// Draws from the generator. `body` is run under a lock and does nothing but draw.
  public func draw<T: Sendable>(_ body: (inout any RandomNumberGenerator & Sendable) -> T) -> T {
    generator.value.withLock { body(&$0) }
  }

  /// Tells the listener, if there is one.
  public func tell(_ kind: ResilienceEvent.Kind, policy: String, pipeline: String) {
    listener?.receive(ResilienceEvent(pipeline: pipeline, policy: policy, kind: kind))
  }

  private final class Generator: Sendable {
    let value: Mutex<any RandomNumberGenerator & Sendable>
    init(_ value: any RandomNumberGenerator & Sendable) { self.value = Mutex(value) }
  }
}
