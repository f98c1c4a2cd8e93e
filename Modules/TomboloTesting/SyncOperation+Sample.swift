package import TomboloPorts

extension SyncOperation {
  /// An operation of the kind that deliveries are tested with, enqueued at 1994-11-06 08:49:37 UTC, the moment of the examples in
  /// RFC 9110.
  package static func sample(
    kind: String = "orders.place", orderingKey: String? = nil, idempotencyKey: String? = nil,
    headers: [OperationHeader] = [], payload: String = #"{"amount":42}"#
  ) -> SyncOperation {
    SyncOperation(
      id: OperationID(high: 0x0192_0000_0000_7000, low: 0x8000_0000_0000_0001), kind: kind, version: 3, priority: .high,
      orderingKey: orderingKey, idempotencyKey: idempotencyKey,
      enqueuedAt: Timestamp(millisecondsSinceEpoch: 784_111_777_000), headers: headers, payload: Array(payload.utf8))
  }
}
