/// The policies around the delivery, as a part of the status.
public struct WireResilience: Hashable, Sendable, Codable {
  /// The name of their list in the config.
  public var name: String
  /// Outermost first.
  public var policies: [WirePolicy]

  /// Describes policies for the status.
  public init(name: String, policies: [WirePolicy]) {
    self.name = name
    self.policies = policies
  }
}

/// One policy. What does not concern its type is left out.
public struct WirePolicy: Hashable, Sendable, Codable {
  /// As in the config: `circuitBreaker`.
  public var type: String
  /// What its state is shared by.
  public var name: String?
  /// Its settings, as a person reads them.
  public var settings: String
  /// Of a breaker: `closed`, `open`, `halfOpen` or `isolated`.
  public var state: String?
  /// Of an open breaker: how much longer nothing goes through.
  public var openSeconds: Double?
  /// Of a breaker: how often it opened since the start.
  public var openings: Int?
  /// Of a retry budget: repetitions that could be made now.
  public var balance: Double?
  /// Of a retry budget: the most that can be saved.
  public var balanceMaximum: Double?
  /// Of a retry: repeated tries since the start.
  public var retries: Int?
  /// Deliveries it did not let through, since the start.
  public var refused: Int

  /// A policy of which only this is known.
  public init(type: String, name: String?, settings: String, refused: Int) {
    self.type = type
    self.name = name
    self.settings = settings
    self.refused = refused
  }
}
