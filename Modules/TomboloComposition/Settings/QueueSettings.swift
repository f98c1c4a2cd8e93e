public import TomboloPorts
public import TomboloQueue

/// The section `queue`: limits, retries and conflicts.
public struct QueueSettings: Sendable {
  /// How many operations are delivered at once.
  public var concurrency: Int
  /// After how many attempts an operation is dead-lettered.
  public var attemptsMaximum: Int
  /// How long one attempt may take.
  public var attemptTimeout: Duration
  /// A longer wait that an upstream asks for is cut to this.
  public var retryAfterMaximum: Duration
  /// What the rest of an ordering key does when its head has failed for good.
  public var onPermanentFailure: PermanentFailurePolicy
  /// What becomes of an operation while another with its coalescing key waits.
  public var uniqueness: UniquenessPolicy
  /// How often an operation may be passed over by more urgent ones.
  public var passedOverMaximum: Int
  /// How often a resolver may decide for one operation before a person has to.
  public var conflictRoundsMaximum: Int
  /// Limits of single kinds.
  public var kindLimits: [String: KindLimit]

  /// In bytes, of one operation.
  public var payloadMaximum: Int
  /// How many operations may be stored.
  public var operationsMaximum: Int
  /// In bytes, of all operations together.
  public var bytesMaximum: Int
  /// What happens to an operation for which there is no room.
  public var limitPolicy: LimitPolicy
  /// How long an idempotency key is remembered after its operation is settled.
  public var idempotencyRetention: Duration
  /// How long is kept how an operation ended; zero keeps nothing.
  public var history: Duration

  /// How long to wait, without a network, before one operation is tried all the same; doubled after each failure.
  public var pilotInterval: Duration
  public var pilotIntervalMaximum: Duration
  /// How long nothing may move, though it could, before that is told; zero for ever.
  public var stallTimeout: Duration
  /// On a shared store: how long an operation stays with a process that gives no sign of life.
  public var leaseDuration: Duration
  /// On a shared store: how often to look for what others enqueued.
  public var sharedPollInterval: Duration

  /// How it comes back after an outage, and how it treats an upstream that is not well.
  public var recovery: RecoveryConfiguration
  /// Stamps operations with when they were written; `nil` for when they were enqueued.
  public var versionClock: VersionClock?
  /// What an operation has to have reached when it is accepted; `nil` for what the store is set to.
  public var durability: StoreDurability?
  /// The namespaces whose operations are delivered, beside those without one.
  public var namespaces: Set<String>

  /// The plugin that says how long to wait between attempts.
  public var backoff: PluginSelection
  /// The plugin that decides when the outside holds another version.
  public var conflict: PluginSelection

  /// The section `versionClock`.
  public struct VersionClock: Hashable, Sendable {
    /// The name of this device, different from all others.
    public var node: String
    /// How far ahead of this device's wall clock another's stamp may be.
    public var skewMaximum: Duration
  }
}
