public import TomboloResilience

/// How a queue comes back after an outage, and how it treats an upstream that is not well. For each upstream by itself.
///
/// | what | against |
/// |---|---|
/// | a random wait before the start, a share of the outage | a fleet that lost the network together and returns together |
/// | slow start, then additive increase and multiplicative decrease | more at once than the upstream bears |
/// | a budget of retries | an outage that multiplies calls |
/// | a circuit breaker with one probe at a time | calls that are known to fail |
///
/// Critical operations do not wait for the spread nor for the slow start; the breaker holds them too.
public struct RecoveryConfiguration: Hashable, Sendable {
  /// After an outage, operations that are not critical start after a random part of this share of its length: after an hour
  /// without network a fleet comes back over `spreadMaximum`. Between 0, no spread, and 1.
  public var spreadShare = 0.1
  /// After an outage shorter than this everything starts at once, slowly. A cable that was pulled and plugged again concerns one
  /// device, and nobody is to wait for that. Zero spreads after every outage.
  public var spreadOutageMinimum = Duration.seconds(60)
  /// The longest random wait before the start.
  public var spreadMaximum = Duration.seconds(30)
  /// What a sign of overload, a throttling answer or a time limit that passed, multiplies the number of deliveries at once by.
  /// Between 0.1 and 0.99.
  public var decreaseFactor = 0.7
  /// How many retries an upstream gets beside first attempts; its name does not matter here. A failed attempt takes its share
  /// before it waits. When there is none left, a retry waits until there is, at most for the longest backoff. `nil` for no
  /// budget.
  public var retryBudget: RetryBudget? = RetryBudget("upstream")
  /// When an upstream counts as down. By default when nine of ten of at least 20 attempts failed: one kind of operation that
  /// always fails must not stop the others. `nil` for no breaker.
  public var circuitBreaker: CircuitBreakerConfiguration? = CircuitBreakerConfiguration(
    failureRatio: 0.9, callCountMinimum: 20, window: .count(50), openDuration: .seconds(15))

  public init() {}

  /// How long to wait before the start, after an outage of that length.
  ///
  /// - Parameter fraction: drawn at random, from 0 to 1.
  package func spread(afterOutageOf length: Duration, fraction: Double) -> Duration {
    guard length >= spreadOutageMinimum else { return .zero }
    let longest = min(max(.zero, length) * min(1, max(0, spreadShare)), spreadMaximum)
    return max(.zero, longest) * min(1, max(0, fraction))
  }
}
