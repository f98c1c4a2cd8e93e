/// A configuration that many hold at once: it is large, and handing on an object copies nothing of it.
final class SharedConfiguration: Sendable {
  let values: QueueConfiguration
  // Of `values`. Apart, because each operation asks for them, and asking `values` copies all of them.
  let attemptTimeout: Duration
  let operationsMaximum: Int
  let bytesMaximum: Int
  let keepsHistory: Bool
  /// The longest payload; `nil` where the configuration has more to say to an operation that is being enqueued.
  let plainPayloadByteCountMaximum: Int?

  init(_ values: QueueConfiguration) {
    self.values = values
    attemptTimeout = values.attemptTimeout
    operationsMaximum = values.operationsMaximum
    bytesMaximum = values.bytesMaximum
    keepsHistory = values.historyRetention > .zero
    plainPayloadByteCountMaximum =
      values.durability == nil && values.headersAtEnqueue == nil && values.versionClock == nil
      ? values.payloadByteCountMaximum : nil
  }
}
