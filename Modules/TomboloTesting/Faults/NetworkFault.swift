/// What happens to one call, or one connection.
public enum NetworkFault: Hashable, Sendable {
  /// It goes through.
  case none
  /// No connection comes about: a proxy resets it.
  case refused
  /// It goes through, this much later.
  case latency(Duration)
  /// It is taken and never answered, until the caller gives up or the mock is stopped.
  case halfOpen
  /// The other side acts, and its answer breaks off after that many bytes.
  case truncated(byteCount: Int)
  /// The other side answers with this HTTP status and no more, and does not act.
  case status(Int)
}

/// Which fault each call meets: a pure value, so that it can be tested and combined. Calls are counted from 0, and time from the
/// first call.
///
///     let pattern = NetworkFaultPattern.first(3, .refused)                   // the fourth call goes through
///     let pattern = NetworkFaultPattern.during(.seconds(30), .status(503))   // an outage
///     let pattern = NetworkFaultPattern.rate(0.2, .halfOpen)                 // one in five, by the seed
///     let pattern = NetworkFaultPattern.flapping(up: .seconds(2), down: .seconds(1), .refused)
///     let pattern = NetworkFaultPattern.script([.none, .truncated(byteCount: 20), .latency(.seconds(1))])
public struct NetworkFaultPattern: Sendable {
  private let rule: @Sendable (_ call: Int, _ elapsed: Duration, _ draw: Double) -> NetworkFault

  /// A rule of one's own. `draw` is a random number from 0 to 1 that the seed gives for this call.
  public init(_ rule: @escaping @Sendable (_ call: Int, _ elapsed: Duration, _ draw: Double) -> NetworkFault) {
    self.rule = rule
  }

  /// The fault of one call.
  public func fault(call: Int, elapsed: Duration, draw: Double) -> NetworkFault { rule(call, elapsed, draw) }

  /// Everything goes through.
  public static let none = NetworkFaultPattern { _, _, _ in .none }

  /// Every call meets this.
  public static func always(_ fault: NetworkFault) -> NetworkFaultPattern { NetworkFaultPattern { _, _, _ in fault } }

  /// The first `count` calls meet it.
  public static func first(_ count: Int, _ fault: NetworkFault) -> NetworkFaultPattern {
    NetworkFaultPattern { call, _, _ in call < count ? fault : .none }
  }

  /// Calls meet it that begin within `duration` of the first.
  public static func during(_ duration: Duration, _ fault: NetworkFault) -> NetworkFaultPattern {
    NetworkFaultPattern { _, elapsed, _ in elapsed < duration ? fault : .none }
  }

  /// This share of calls meets it, which ones is the seed's choice.
  public static func rate(_ share: Double, _ fault: NetworkFault) -> NetworkFaultPattern {
    NetworkFaultPattern { _, _, draw in draw < share ? fault : .none }
  }

  /// It comes and goes: first calls go through for `up`, then meet it for `down`, and so on.
  public static func flapping(up: Duration, down: Duration, _ fault: NetworkFault) -> NetworkFaultPattern {
    let period = max(up + down, .nanoseconds(1))
    return NetworkFaultPattern { _, elapsed, _ in
      elapsed - period * Int(elapsed / period) < up ? .none : fault
    }
  }

  /// One fault for each call in turn; afterwards everything goes through.
  public static func script(_ faults: [NetworkFault]) -> NetworkFaultPattern {
    NetworkFaultPattern { call, _, _ in call < faults.count ? faults[call] : .none }
  }

  /// Where this one lets a call through, `other` decides.
  public func or(_ other: NetworkFaultPattern) -> NetworkFaultPattern {
    NetworkFaultPattern { call, elapsed, draw in
      let fault = self.fault(call: call, elapsed: elapsed, draw: draw)
      return fault == .none ? other.fault(call: call, elapsed: elapsed, draw: draw) : fault
    }
  }
}
