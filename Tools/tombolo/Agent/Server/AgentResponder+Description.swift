import TomboloPorts
import TomboloQueue

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AgentResponder {
  /// An operation as the wire tells of it, without its payload.
  func describe(_ snapshot: OperationSnapshot) -> WireOperation {
    let operation = snapshot.operation
    return WireOperation(
      id: operation.id.description, kind: operation.kind, version: operation.version,
      priority: operation.priority.name, state: snapshot.state.rawValue, orderingKey: operation.orderingKey,
      coalescingKey: operation.coalescingKey, idempotencyKey: operation.idempotencyKey,
      enqueuedAt: WireTimestamp(operation.enqueuedAt), notBefore: operation.notBefore.map { WireTimestamp($0) },
      expiresAt: operation.expiresAt.map { WireTimestamp($0) }, attempts: snapshot.attemptCount,
      lastError: snapshot.lastFailure.map { failure in
        WireDeliveryFailure(
          code: failure.code.description, message: failure.message,
          at: snapshot.lastFailureAt.map { WireTimestamp($0) })
      },
      nextDueAt: snapshot.dueAt.map { WireTimestamp($0) },
      waitingReason: parts.worker.waitingReason(for: snapshot)?.description, behind: snapshot.behind?.description,
      awaiting: snapshot.awaiting.isEmpty ? nil : snapshot.awaiting.map(\.description), namespace: operation.namespace,
      payloadBytes: operation.payload.count,
      // A field that is given several times counts as one with all its values (RFC 9110, section 5.2).
      headers: Dictionary(operation.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { "\($0), \($1)" }),
      progress: snapshot.progress?.description)
  }

  /// The queue as the wire tells of it.
  func describe(_ status: QueueStatus) -> WireQueueStatus {
    WireQueueStatus(
      pending: status.pending, delivering: status.delivering, retrying: status.retrying, blocked: status.blocked,
      parked: status.parked, deadLettered: status.deadLettered, delivered: status.delivered,
      discarded: status.discarded, expired: status.expired, superseded: status.superseded,
      oldestPendingSeconds: status.oldestPending.map { oldest in
        // A clock that was set back does not make an operation wait for a negative time.
        max(.zero, oldest.duration(to: parts.queue.time.now)).inSeconds
      },
      bytes: status.byteCount, stalledSince: status.stalledSince.map { WireTimestamp($0) })
  }

  static func base64(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
  }
}
