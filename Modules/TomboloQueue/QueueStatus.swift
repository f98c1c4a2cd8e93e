public import TomboloPorts

/// How much there is in each state, at one moment.
public struct QueueStatus: Hashable, Sendable {
  public var pending: Int
  public var delivering: Int
  public var retrying: Int
  public var blocked: Int
  public var parked: Int
  public var deadLettered: Int
  /// Since the store was made.
  public var delivered: Int
  public var discarded: Int
  public var expired: Int
  public var superseded: Int
  /// Payload bytes of everything that is not gone.
  public var byteCount: Int
  /// When the longest waiting of what is pending or retrying was enqueued; `nil` when nothing is.
  public var oldestPending: Timestamp?
  /// Since when nothing has moved although something is due and the network is there; `nil` when all is well. Known to the
  /// process whose worker stalls.
  public var stalledSince: Timestamp?

  init(_ counts: QueueCounts, delivering: Int, oldestPending: Timestamp?, stalledSince: Timestamp? = nil) {
    self.stalledSince = stalledSince
    self.delivering = delivering
    pending = max(0, counts.pending - delivering)
    retrying = counts.retrying
    blocked = counts.blocked
    parked = counts.parked
    deadLettered = counts.deadLettered
    delivered = counts.delivered
    discarded = counts.discarded
    expired = counts.expired
    superseded = counts.superseded
    byteCount = counts.byteCount
    self.oldestPending = oldestPending
  }

  /// Operations that will be delivered without anybody's help.
  public var waiting: Int { pending + delivering + retrying + blocked }

  /// Operations that are not gone.
  public var stored: Int { waiting + parked + deadLettered }
}
