import TomboloPorts
import TomboloQueue

extension DemoState.Network {
  init(_ status: NetworkStatus, at now: Timestamp) {
    condition = status.condition.rawValue
    isOnline = status.isOnline
    age = max(.zero, status.since.duration(to: now))
    reason = status.evidence.first { $0.condition == status.condition }?.detail ?? "nothing says otherwise"
  }
}

extension DemoState.Depth {
  init(_ status: QueueStatus) {
    self.init(
      pending: status.pending, delivering: status.delivering, retrying: status.retrying, blocked: status.blocked,
      deadLettered: status.deadLettered)
  }
}

extension DemoState.Event {
  /// `nil` for what would only fill the screen.
  init?(_ event: QueueEvent, of operation: DemoOperation) {
    self.operation = operation
    switch event.change {
    case .delivered(let attempt):
      (verb, detail) = (DemoVerb.delivered, "attempt \(attempt)")
    case .retried(let failure, let due), .snoozed(let failure, let due):
      let wait = DemoText.seconds(max(.zero, event.at.duration(to: due)))
      (verb, detail) = (DemoVerb.retried, "in \(wait): \(failure.message)")
    case .released:
      (verb, detail) = (DemoVerb.returned, "no attempt burnt")
    case .deadLettered(let failure):
      (verb, detail) = (DemoVerb.refused, failure.message)
    default:
      return nil
    }
  }
}

extension DemoMeasurements {
  /// Notes the moment, when it is one that counts: the first after the network was back, or the last.
  mutating func take(_ event: QueueEvent, isCritical: Bool) {
    guard upstreamBackAt != nil else { return }
    switch event.change {
    case .started:
      if firstAttemptAt == nil { firstAttemptAt = event.at }
    case .delivered:
      if firstDeliveryAt == nil { firstDeliveryAt = event.at }
      if isCritical { lastCriticalDeliveryAt = event.at }
      lastDeliveryAt = event.at
    default:
      break
    }
  }
}
