/// What a handler answers: what became of one attempt, and so what the queue does next.
public enum DeliveryOutcome: Sendable {
  /// The outside has it. The operation is settled.
  case delivered
  /// It failed, and may succeed later. Burns the attempt. The queue waits for its backoff, or for `after` when that is
  /// longer, within a limit.
  case retry(after: Duration?, DeliveryFailure)
  /// Not now, through no fault of the operation: try again in a while. Burns no attempt.
  case snooze(for: Duration, DeliveryFailure)
  /// The upstream refuses everybody here, for example because credentials are no longer accepted. Burns no attempt: the
  /// queue stops calling this upstream for that long, then tries one operation.
  case suspend(for: Duration, DeliveryFailure)
  /// The outside holds another version. The configured resolver decides.
  case conflict(RemoteVersion)
  /// It failed for good: the operation is dead-lettered, never dropped.
  case reject(DeliveryFailure)
  /// It needs a person or a newer program.
  case park(DeliveryFailure)
}

/// What the outside holds where a conflict was met. Whatever it does not tell is `nil`.
public struct RemoteVersion: Hashable, Sendable {
  /// The outside's own mark of the version, such as an entity tag.
  public var tag: String?
  /// When it was written.
  public var modifiedAt: Timestamp?
  /// When it was written, where the outside keeps the stamp of the operation that wrote it. Counts instead of `modifiedAt`.
  public var written: HybridTimestamp?
  public var payload: [UInt8]?
  /// What the outside said, in words for a person.
  public var detail: String

  public init(
    tag: String? = nil, modifiedAt: Timestamp? = nil, written: HybridTimestamp? = nil, payload: [UInt8]? = nil,
    detail: String
  ) {
    self.tag = tag
    self.modifiedAt = modifiedAt
    self.written = written
    self.payload = payload
    self.detail = detail
  }
}
