/// The section `queue`: limits, retries and conflicts.
public struct QueueSettings: Sendable {
  /// What the rest of an ordering key does when its head has failed for good.
  public enum OnPermanentFailure: String, Hashable, Sendable, CaseIterable {
    /// The failed operation is dead-lettered and the next one goes.
    case `continue`
    /// The key waits until a person has settled the failed operation.
    case block
  }

  /// How many operations are delivered at once.
  public var concurrency: Int
  /// After how many attempts an operation is dead-lettered.
  public var attemptsMaximum: Int
  /// In bytes, of one operation.
  public var payloadMaximum: Int
  /// How many operations may be stored.
  public var operationsMaximum: Int
  /// In bytes, of all operations together.
  public var bytesMaximum: Int
  /// A longer wait that an upstream asks for is cut to this.
  public var retryAfterMaximum: Duration
  /// How long an idempotency key is remembered after its operation is settled.
  public var idempotencyRetention: Duration
  /// How long is kept how an operation ended; zero keeps nothing.
  public var history: Duration
  /// How long nothing may move, though it could, before that is told; zero for ever.
  public var stallTimeout: Duration
  /// How long one attempt may take.
  public var attemptTimeout: Duration
  public var onPermanentFailure: OnPermanentFailure
  /// The plugin that says how long to wait between attempts.
  public var backoff: PluginSelection
  /// The plugin that decides when the outside holds another version.
  public var conflict: PluginSelection
}
