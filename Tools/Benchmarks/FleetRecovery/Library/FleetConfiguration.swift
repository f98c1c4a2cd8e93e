public import TomboloQueue

/// A fleet of devices that lost the network together and get it back together, and the server they all call.
public struct FleetConfiguration: Sendable {
  /// How a device behaves once the network is back.
  public enum Behaviour: String, Sendable, CaseIterable {
    /// Everything at once, as many as it has places for, and what failed again after ten seconds.
    case naive
    /// What the queue's worker does: spread, slow start, additive increase and multiplicative decrease, jittered exponential
    /// backoff, Retry-After, a retry budget, a circuit breaker.
    case paced
  }

  public var behaviour: Behaviour
  public var deviceCount = 10_000
  /// Operations that wait on each device.
  public var operationCount = 100
  /// How long the network was away.
  public var outage = Duration.seconds(3_600)
  /// What the server bears, in requests a second.
  public var serverRate = 10_000.0
  /// How much work may wait at the server; what comes beyond is refused with 503 and Retry-After.
  public var serverBacklog = Duration.seconds(1)
  /// What a refusal costs the server, as a share of a request that it serves.
  public var refusalCost = 0.01
  /// The Retry-After of a refusal.
  public var retryAfter = Duration.seconds(5)
  /// From a device to the server and back.
  public var roundTrip = Duration.milliseconds(50)
  /// How long a naive device waits before it tries again.
  public var naiveRetryDelay = Duration.seconds(10)
  /// How long to look on, at the longest.
  public var timeMaximum = Duration.seconds(3_600)
  public var seed: UInt64 = 1
  /// The configuration of the queue on each device.
  public var queue = QueueConfiguration()

  public init(_ behaviour: Behaviour) { self.behaviour = behaviour }
}
