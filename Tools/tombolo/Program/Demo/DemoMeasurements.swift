import TomboloPorts

/// The moments that tell how the recovery went, on the wall clock.
struct DemoMeasurements: Sendable {
  var upstreamGoneAt: Timestamp?
  var limitedAt: Timestamp?
  var upstreamBackAt: Timestamp?
  var onlineAt: Timestamp?
  var firstAttemptAt: Timestamp?
  var firstDeliveryAt: Timestamp?
  var lastCriticalDeliveryAt: Timestamp?
  var lastDeliveryAt: Timestamp?

  /// How quickly the queue took up its work after the status changed; `nil` when it never did.
  var recoveryWords: String? {
    guard let onlineAt, let firstAttemptAt, let firstDeliveryAt else { return nil }
    return "after the status change: first attempt \(Self.time(onlineAt, firstAttemptAt)), "
      + "first delivery \(Self.time(onlineAt, firstDeliveryAt))"
  }

  /// When the critical ones had arrived, and when all had.
  var completionWords: String? {
    guard let onlineAt, let lastCriticalDeliveryAt, let lastDeliveryAt else { return nil }
    return "all critical operations \(Self.time(onlineAt, lastCriticalDeliveryAt)), "
      + "everything \(Self.time(onlineAt, lastDeliveryAt))"
  }

  static func time(_ start: Timestamp, _ end: Timestamp) -> String {
    DemoText.short(start.duration(to: end))
  }
}
