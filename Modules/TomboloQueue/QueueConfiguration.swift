public import TomboloPorts
public import TomboloResilience

/// The strategies and limits of a queue.
public struct QueueConfiguration: Sendable {
  /// How long a failed operation waits before its next attempt.
  public var backoff: any BackoffStrategy = Backoff.exponential()
  /// How many deliveries run at once. With more than one, what is delivered without an ordering key gives its place on while that
  /// is being stored: those asked and those waiting to be stored are together at most twice as many, and so many may be delivered again after a crash.
  /// With one, each is stored as delivered before the next one starts.
  public var concurrency = 16
  /// Attempts after which an operation that keeps failing is dead-lettered. Being offline burns none.
  public var attemptsMaximum = 50
  /// How long one attempt may take before it is cancelled, counted from its start or from the last progress its handler
  /// reported. Cooperative: a handler that ignores cancellation holds its place.
  public var attemptTimeout = Duration.seconds(30)
  /// The longest a server's Retry-After is obeyed.
  public var retryAfterMaximum = Duration.seconds(3_600)
  /// Whether the operations behind one that failed for good, or was parked, go on or wait for a person.
  public var onPermanentFailure = PermanentFailurePolicy.continue
  /// What happens when an operation is enqueued while another with its coalescing key waits, unless the operation says.
  public var uniqueness = UniquenessPolicy.replace
  /// Makes one payload of two for `UniquenessPolicy.merge`. By default payloads are JSON objects, merged field by field.
  public var merger: any PayloadMerger = JSONPayloadMerger()
  /// How often the longest waiting operation of a priority may be passed over by more urgent ones before it has its turn, so
  /// that nothing starves. Counted in turns and not in time: after an outage everything has waited long, and what is urgent
  /// must still go first.
  public var passedOverMaximum = 64
  /// Limits of single kinds, beside those of the queue.
  public var kindLimits: [String: KindLimit] = [:]
  /// The namespaces whose operations are delivered from the start; see `SyncQueue.activate`.
  public var activeNamespaces: Set<String> = []
  /// How it comes back after an outage, and how it treats an upstream that is not well.
  public var recovery = RecoveryConfiguration()
  /// Stamps what is enqueued, where it has no stamp of its own, and is moved on by the stamps of conflicting versions; see
  /// `TimestampConflictResolver`. Without one what counts is when an operation was enqueued.
  public var versionClock: HybridLogicalClock?
  /// How often a resolver may decide for one operation before it is parked.
  public var conflictRoundsMaximum = 5
  /// Header fields that every operation gets from the task that enqueues it, such as the context of its trace. One that the
  /// operation has already, by name, stays as it is.
  public var headersAtEnqueue: (@Sendable () -> [OperationHeader])?

  /// What operations have to have reached when `enqueue` returns, unless a call says otherwise; `nil` for what the store is set to.
  /// Where the store cannot reach it, `SyncQueue.open` throws.
  public var durability: StoreDurability?
  /// The largest payload, in bytes.
  public var payloadByteCountMaximum = 1_024 * 1_024
  /// The most operations the queue holds, dead-lettered ones included.
  public var operationsMaximum = 1_000_000
  /// The most bytes the queue holds: of payloads, of their bases (`NewOperation.base`), and of the other side's versions that are kept
  /// for a person. An enqueue that would exceed it is refused. What changes an operation that is there already may exceed it, and the
  /// next enqueues are refused then: a version met in a conflict, or merged with it, since what became of a delivery must be stored;
  /// and a payload given by `SyncQueue.edit`, `rewrite` or `resolve`.
  public var bytesMaximum = 1_024 * 1_024 * 1_024
  /// What happens when one more operation would exceed `operationsMaximum` or `bytesMaximum`.
  public var limitPolicy = LimitPolicy.reject
  /// How long an idempotency key is remembered after its operation is gone.
  public var idempotencyRetention = Duration.seconds(24 * 3_600)
  /// How long is kept how an operation ended, after it is gone (`SyncQueue.settled`); zero keeps nothing. It costs two small
  /// records for each operation, and they are pruned in small steps.
  public var historyRetention = Duration.zero

  /// How long to wait, without a network, before one operation is tried all the same: a status is a hint, and a success
  /// proves online. Doubled after each failure up to `pilotIntervalMaximum`.
  public var pilotInterval = Duration.seconds(30)
  public var pilotIntervalMaximum = Duration.seconds(300)
  /// On a store that several processes share: how long an operation stays with the process that delivers it without a sign of
  /// life. Renewed while its handler runs; when a process dies, others take over after that time.
  public var leaseDuration = Duration.seconds(60)
  /// On a store that several processes share: how often to look for what others enqueued.
  public var sharedPollInterval = Duration.seconds(1)
  /// How long nothing may move, while something is due and the network is there, before that counts as a stall: it is told,
  /// and the worker is set going again. Never less than `attemptTimeout`; zero switches the watchdog off.
  public var stallTimeout = Duration.seconds(120)
  /// How long a graceful stop waits for deliveries in flight before it cancels them.
  public var shutdownGrace = Duration.seconds(30)

  public init() {}

  /// The longest an operation waits after an attempt.
  var waitMaximum: Duration { max(backoff.delayMaximum, retryAfterMaximum) }

  /// A backoff that ends later than this was computed with another wall clock. With a second of slack, so that what was
  /// computed a moment ago never counts.
  func strandedLimit(at now: Timestamp) -> Timestamp { now.advanced(by: waitMaximum + .seconds(1)) }

  /// A lease that ends later than this was given by another wall clock. With slack for as long again, because others give
  /// leases while this process waits for its store.
  func leaseLimit(at now: Timestamp) -> Timestamp { now.advanced(by: leaseDuration * 2) }
}

/// What the rest of an ordering key does when one of its operations failed for good or was parked.
public enum PermanentFailurePolicy: String, Hashable, Sendable, CaseIterable {
  case `continue`
  case block
}

/// What happens to a new operation for which there is no room.
public enum LimitPolicy: String, Hashable, Sendable, CaseIterable {
  /// The caller gets an error, and nothing changes.
  case reject
  /// Waiting operations of a lower priority go: the lowest first, within one the newest. They are told as discarded, and
  /// the receipt names them. What is being delivered, held, or waited for by others stays, and so does what an operation of the
  /// same enqueue is to wait for. Without anything lower the caller gets the error. To stay bounded it looks at the newest ready operations of each priority and at the newest of all.
  case dropLowest
  /// The newest waiting operation of the same kind and ordering key that nobody waits for goes, and is told as superseded.
  /// Without one the caller gets the error.
  case coalesce
}

/// How many operations of one kind may be delivered at once, and how often.
public struct KindLimit: Hashable, Sendable {
  public var concurrency: Int?
  public var rate: RateLimit?

  public init(concurrency: Int? = nil, rate: RateLimit? = nil) {
    self.concurrency = concurrency.map { max(1, $0) }
    self.rate = rate
  }
}
