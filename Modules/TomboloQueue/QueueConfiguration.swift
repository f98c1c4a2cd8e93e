import TomboloPorts
public import TomboloResilience

/// The strategies and limits of a queue.
public struct QueueConfiguration: Sendable {
  /// How long a failed operation waits before its next attempt.
  public var backoff: any BackoffStrategy = Backoff.exponential()
  /// How many deliveries run at once.
  public var concurrency = 16
  /// Attempts after which an operation that keeps failing is dead-lettered. Being offline burns none.
  public var attemptsMaximum = 50
  /// How long one attempt may take before it is cancelled. Cooperative: a handler that ignores cancellation holds its place.
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
  /// How often a resolver may decide for one operation before it is parked.
  public var conflictRoundsMaximum = 5

  /// The largest payload, in bytes.
  public var payloadByteCountMaximum = 1_024 * 1_024
  /// The most operations the queue holds, dead-lettered ones included.
  public var operationsMaximum = 1_000_000
  /// The most payload bytes the queue holds.
  public var bytesMaximum = 1_024 * 1_024 * 1_024
  /// How long an idempotency key is remembered after its operation is gone.
  public var idempotencyRetention = Duration.seconds(24 * 3_600)

  /// How long to wait, without a network, before one operation is tried all the same: a status is a hint, and a success
  /// proves online. Doubled after each failure up to `pilotIntervalMaximum`.
  public var pilotInterval = Duration.seconds(30)
  public var pilotIntervalMaximum = Duration.seconds(300)
  /// How long a graceful stop waits for deliveries in flight before it cancels them.
  public var shutdownGrace = Duration.seconds(30)

  public init() {}

  /// The longest an operation waits after an attempt.
  var waitMaximum: Duration { max(backoff.delayMaximum, retryAfterMaximum) }

  /// A backoff that ends later than this was computed with another wall clock. With a second of slack, so that what was
  /// computed a moment ago never counts.
  func strandedLimit(at now: Timestamp) -> Timestamp { now.advanced(by: waitMaximum + .seconds(1)) }
}

/// What the rest of an ordering key does when one of its operations failed for good or was parked.
public enum PermanentFailurePolicy: String, Hashable, Sendable, CaseIterable {
  case `continue`
  case block
}
