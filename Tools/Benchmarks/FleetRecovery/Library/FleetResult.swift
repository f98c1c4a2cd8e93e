/// What the server saw, and how long it took.
public struct FleetResult: Sendable {
  /// Requests that reached the server in each second since the network came back, refused ones included.
  public internal(set) var requestsPerSecond: [Int] = []
  /// Operations that the server accepted.
  public internal(set) var deliveredCount = 0
  public internal(set) var refusedCount = 0
  /// When the last operation was delivered; `nil` when some never were.
  public internal(set) var drainTime: Duration?
  /// When half of the operations were delivered.
  public internal(set) var halfTime: Duration?

  public init() {}

  public var requestCount: Int { requestsPerSecond.reduce(0, +) }
  /// The most requests in one second.
  public var peak: Int { requestsPerSecond.max() ?? 0 }
}
