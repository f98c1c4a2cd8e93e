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

  /// How long after the status change the work went on and was done; `nil` when it never was.
  var recoveryWords: String? {
    guard let onlineAt, let firstAttemptAt, let firstDeliveryAt, let lastDeliveryAt else { return nil }
    let critical = lastCriticalDeliveryAt.map { "all critical ones \(Self.time(onlineAt, $0)), " } ?? ""
    return "first attempt \(Self.time(onlineAt, firstAttemptAt)) after the status change, "
      + "first delivery \(Self.time(onlineAt, firstDeliveryAt)), \(critical)everything "
      + "\(Self.time(onlineAt, lastDeliveryAt))"
  }

  static func time(_ start: Timestamp, _ end: Timestamp) -> String {
    DemoText.short(start.duration(to: end))
  }
}
