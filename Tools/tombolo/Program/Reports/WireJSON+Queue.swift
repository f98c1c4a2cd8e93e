import Foundation
import TomboloAgent
import TomboloPorts
import TomboloQueue

extension WireJSON {
  /// Text, or `null`.
  init(_ text: String?) {
    self = text.map { .string($0) } ?? .null
  }

  init(_ number: Int) {
    self = .number(Decimal(number))
  }

  /// An operation as the agent would tell of it, without its payload.
  init(_ snapshot: OperationSnapshot) {
    let operation = snapshot.operation
    let failure = snapshot.lastFailure.map { failure in
      WireJSON.object([
        "code": .string(failure.code.description), "message": .string(failure.message),
        "at": WireJSON(snapshot.lastFailureAt?.description),
      ])
    }
    let headers = Dictionary(
      operation.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { "\($0), \($1)" })
    var fields: [String: WireJSON] = [
      "id": .string(operation.id.description), "kind": .string(operation.kind), "version": WireJSON(operation.version),
      "priority": .string(operation.priority.name), "state": .string(snapshot.state.rawValue),
      "orderingKey": WireJSON(operation.orderingKey), "coalescingKey": WireJSON(operation.coalescingKey),
      "idempotencyKey": .string(operation.idempotencyKey), "enqueuedAt": .string(operation.enqueuedAt.description),
      "notBefore": WireJSON(operation.notBefore?.description), "expiresAt": WireJSON(operation.expiresAt?.description),
      "attempts": WireJSON(snapshot.attemptCount), "lastError": failure ?? .null,
      "nextDueAt": WireJSON(snapshot.dueAt?.description),
      "waitingReason": WireJSON(Self.waitingReason(snapshot)), "behind": WireJSON(snapshot.behind?.description),
      "payloadBytes": WireJSON(operation.payload.count), "headers": .object(headers.mapValues { .string($0) }),
    ]
    if !snapshot.awaiting.isEmpty { fields["awaiting"] = .array(snapshot.awaiting.map { .string($0.description) }) }
    fields["namespace"] = operation.namespace.map { .string($0) }
    self = .object(fields)
  }

  /// A queue's counts as the agent would tell of them.
  init(_ status: QueueStatus, now: Timestamp) {
    let oldest = status.oldestPending.map { oldest in
      WireJSON.number(Decimal(max(0, oldest.duration(to: now).wholeMilliseconds)) / 1_000)
    }
    self = .object([
      "pending": WireJSON(status.pending), "delivering": WireJSON(status.delivering),
      "retrying": WireJSON(status.retrying), "blocked": WireJSON(status.blocked), "parked": WireJSON(status.parked),
      "deadLettered": WireJSON(status.deadLettered), "delivered": WireJSON(status.delivered),
      "discarded": WireJSON(status.discarded), "expired": WireJSON(status.expired),
      "superseded": WireJSON(status.superseded), "oldestPendingSeconds": oldest ?? .null,
      "bytes": WireJSON(status.byteCount),
    ])
  }

  /// Without an agent nothing starts, whatever there is room for.
  private static func waitingReason(_ snapshot: OperationSnapshot) -> String? {
    snapshot.waitingReason == .itsTurn
      ? "no agent is running: start one with `tombolo run`" : snapshot.waitingReason?.description
  }
}
