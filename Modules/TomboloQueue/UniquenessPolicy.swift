public import TomboloPorts

/// What happens when an operation is enqueued while another with the same coalescing key is there. The receipt tells which
/// it was.
///
/// | policy | one waits | one is being delivered, none waits | both |
/// |---|---|---|---|
/// | `keep` | it stays, nothing is added | added behind it | the waiting one stays |
/// | `replace` | the new one takes its place | added behind it | the new one replaces the waiting one |
/// | `append` | added behind it | added behind it | added behind both |
/// | `merge` | one with both payloads takes its place | added behind it | merged with the waiting one |
/// | `keepLatestWhileActive` | it stays, nothing is added | added behind it | the new one replaces the waiting one |
///
/// What is being delivered is never touched. An operation held for a person counts as not there, and one that others, or the
/// new one itself, wait for is not taken away: the new one is then added behind it.
public enum UniquenessPolicy: String, Hashable, Sendable, CaseIterable {
  case keep
  case replace
  case append
  case merge
  /// While one is at work, only the newest of those that come meanwhile follows it.
  case keepLatestWhileActive
}

/// Makes one payload of two, for `UniquenessPolicy.merge`.
public protocol PayloadMerger: Sendable {
  /// The payload of the operation that takes the place of `waiting`. Called while the queue plans, perhaps more than once: it
  /// is quick, has no effects, and does not call the queue. Throwing refuses the new operation.
  func merge(_ waiting: SyncOperation, with newer: NewOperation) throws -> [UInt8]
}

/// Names an operation that another is to wait for.
public enum OperationReference: Hashable, Sendable {
  /// One that was enqueued before.
  case operation(OperationID)
  /// The one at this position of the same batch; it must come earlier than the one that waits.
  case inBatch(Int)
}
