internal import TomboloResilience

/// Short names without numbers, because a metric's dimension must have few values.
extension FailureClass {
  var telemetryName: String {
    switch self {
    case .transient: "transient"
    case .throttled: "throttled"
    case .permanent: "permanent"
    case .cancelled: "cancelled"
    case .outcomeUnknown: "outcomeUnknown"
    }
  }
}

extension CircuitBreakerState {
  var telemetryName: String {
    switch self {
    case .closed: "closed"
    case .open: "open"
    case .halfOpen: "halfOpen"
    case .isolated: "isolated"
    }
  }

  /// The value of the gauge: the higher, the fewer calls go through.
  var telemetryValue: Int {
    switch self {
    case .closed: 0
    case .halfOpen: 1
    case .open: 2
    case .isolated: 3
    }
  }
}

extension ChaosEffect {
  var telemetryName: String {
    switch self {
    case .fault: "fault"
    case .latency: "latency"
    case .lostOutcome: "lostOutcome"
    }
  }
}
