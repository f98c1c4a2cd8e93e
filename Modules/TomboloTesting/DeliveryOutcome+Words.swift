package import TomboloPorts

extension DeliveryOutcome {
  /// Its name, and the code of its failure: `retry unreachable`.
  package var label: String {
    switch self {
    case .delivered: "delivered"
    case .retry(_, let failure): "retry \(failure.code)"
    case .snooze(_, let failure): "snooze \(failure.code)"
    case .suspend(_, let failure): "suspend \(failure.code)"
    case .conflict: "conflict"
    case .reject(let failure): "reject \(failure.code)"
    case .park(let failure): "park \(failure.code)"
    }
  }

  /// What it says to people; nothing when it was delivered.
  package var message: String {
    switch self {
    case .delivered: ""
    case .retry(_, let failure), .snooze(_, let failure), .suspend(_, let failure): failure.message
    case .conflict(let remote): remote.detail
    case .reject(let failure), .park(let failure): failure.message
    }
  }

  /// The wait it asks for.
  package var pause: Duration? {
    switch self {
    case .retry(let after, _): after
    case .snooze(let pause, _), .suspend(let pause, _): pause
    case .delivered, .conflict, .reject, .park: nil
    }
  }

  /// The version it is in conflict with.
  package var remote: RemoteVersion? {
    if case .conflict(let remote) = self { remote } else { nil }
  }
}
