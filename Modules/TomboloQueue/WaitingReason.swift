public import TomboloPorts

/// Why an operation is not delivered right now, as an answer for a person.
public enum WaitingReason: Hashable, Sendable {
  /// It will start as soon as there is room.
  case itsTurn
  case delivering
  case backoff(until: Timestamp, DeliveryFailure?)
  case scheduled(until: Timestamp)
  case behind(OperationID)
  /// For others that it names by `after`.
  case after([OperationID])
  case paused(Pause)
  /// Its namespace is not active.
  case inactive(namespace: String)
  /// As many of its kind are being delivered as may, or its rate is used up.
  case limited(kind: String)
  case network(NetworkStatus.Condition, since: Timestamp, detail: String?)
  case suspended(until: Timestamp, DeliveryFailure)
  /// The network came back, and a fleet does not return all at once.
  case spread(until: Timestamp)
  /// Its upstream starts slowly after an outage, or was overloaded, and has as many deliveries under way as it may have for now.
  case paced(upstream: String)
  case held(DeliveryFailure?)
}

extension WaitingReason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .itsTurn: "it is next in line and starts as soon as there is room"
    case .delivering: "it is being delivered right now"
    case .backoff(let due, let failure):
      "it waits until its backoff ends at \(due)" + (failure.map { ", after: \($0.message)" } ?? "")
    case .scheduled(let due): "it is not to be delivered before \(due)"
    case .behind(let id): "it is behind operation \(id) of its ordering key"
    case .after(let ids):
      "it waits until \(ids.map(\.description).joined(separator: " and ")) \(ids.count == 1 ? "is" : "are") settled"
    case .paused(let pause): "\(pause.scope) is paused since \(pause.since): \(pause.reason)"
    case .inactive(let namespace): "its namespace \(namespace) is not active"
    case .limited(let kind): "its kind \(kind) is at its limit of deliveries at once, or has used up its rate"
    case .network(let condition, let since, let detail):
      "the network is \(condition.rawValue) since \(since)" + (detail.map { " (\($0))" } ?? "")
    case .suspended(let until, let failure): "the upstream is not called before \(until): \(failure.message)"
    case .spread(let until):
      "the network is back, and it starts at \(until) at the latest, so that not everybody returns at once"
    case .paced(let upstream):
      "the upstream \(upstream) is called slowly after an outage or an overload, and has as many deliveries under way as it may have "
        + "for now"
    case .held(let failure): "it waits for a person" + (failure.map { ": \($0.message)" } ?? "")
    }
  }
}

extension OperationSnapshot {
  /// Why it waits, as far as the operation itself tells; a worker knows more (`SyncWorker.waitingReason`).
  public var waitingReason: WaitingReason? {
    switch state {
    case .delivering: return .delivering
    case .parked, .deadLettered: return .held(lastFailure)
    case .blocked: return behind.map { .behind($0) } ?? .after(awaiting)
    case .retrying: return dueAt.map { .backoff(until: $0, lastFailure) } ?? .itsTurn
    case .pending:
      guard let dueAt else { return .itsTurn }
      return operation.notBefore == dueAt ? .scheduled(until: dueAt) : .backoff(until: dueAt, lastFailure)
    case .delivered, .discarded, .expired, .superseded: return nil
    }
  }
}
