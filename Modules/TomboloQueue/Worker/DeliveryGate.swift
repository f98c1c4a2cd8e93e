import TomboloPorts

/// Decides how many deliveries may start now. A pure state machine: statuses and outcomes in, an allowance out; times are
/// of the monotonic clock.
///
///              online                                  online
///     shut ───────────▶ open, ramp 1 ──successes──▶ open, ramp 2, 3, … ──▶ open
///      ▲ ▲                 │    ▲                                            │
///      │ └──not online─────┘    └──────── a pilot succeeded ◀── pilot ◀──────┘ not online
///      └────── an override says not online: nothing is tried
///
/// Without a network one operation is still tried now and then: a status is a hint, and a success proves online. After the
/// network came back, operations that are not critical ramp up: one at first, one more with each judged one, so twice as many
/// in each round.
struct DeliveryGate {
  struct Allowance: Equatable {
    /// How many deliveries of any priority may start now.
    var count: Int
    /// How many may start when they are critical.
    var criticalCount: Int
    /// When to ask again without being woken.
    var waitMaximum: Duration?
    /// Whether what starts now is a pilot: tried in spite of the network's status.
    var isPilot = false
  }

  private enum Network: Equatable {
    case open
    /// Not online; the next pilot may start at this time.
    case limited(nextPilot: Duration, interval: Duration)
    /// Not online by a person's decision.
    case shut
  }

  private struct Suspension {
    var until: Duration
    var failure: DeliveryFailure
    /// It ended, and one operation is to find out whether the upstream has changed its mind.
    var isProbing = false
    /// That one is under way.
    var hasProbe = false
  }

  /// Whether one delivery may begin.
  enum Admission: Equatable {
    case free
    /// Alone, to find out; `probeEnded` is to be called afterwards, however it ended.
    case probe
    case refused(rest: Duration, DeliveryFailure)
  }

  /// How long others wait for a probe that is under way.
  static let probeRest = Duration.seconds(5)

  private(set) var concurrency: Int
  private(set) var pilotInterval: Duration
  private(set) var pilotIntervalMaximum: Duration
  private var network = Network.open
  /// How many deliveries may be in flight that are not critical; `nil` when fully open.
  private(set) var ramp: Int?
  private var suspensions: [String: Suspension] = [:]

  init(_ configuration: QueueConfiguration) {
    concurrency = max(1, configuration.concurrency)
    pilotInterval = configuration.pilotInterval
    pilotIntervalMaximum = configuration.pilotIntervalMaximum
    ramp = 1
  }

  // MARK: - In

  /// Takes in other limits. Upstreams that were suspended are asked again: what they refused may be what has changed.
  mutating func reconfigure(_ configuration: QueueConfiguration) {
    concurrency = max(1, configuration.concurrency)
    pilotInterval = configuration.pilotInterval
    pilotIntervalMaximum = configuration.pilotIntervalMaximum
    if let present = ramp, present >= concurrency { ramp = nil }
    suspensions = suspensions.filter { $0.value.hasProbe }
  }

  mutating func networkChanged(_ status: NetworkStatus, at now: Duration) {
    if status.isOnline {
      if network != .open { ramp = 1 }
      network = .open
    } else if status.isForced {
      network = .shut
    } else if case .limited = network {
      // Still not online; the pace of the pilots goes on.
    } else {
      network = .limited(nextPilot: now + pilotInterval, interval: pilotInterval)
    }
  }

  /// The upstream judged an operation: it accepted it, refused it for good, or holds another version.
  mutating func succeeded(upstream: String) {
    suspensions[upstream] = nil
    guard let present = ramp else { return }
    ramp = present + 1 >= concurrency ? nil : present + 1
  }

  /// An attempt got an answer that says nothing about the operation.
  mutating func answered(upstream: String) {
    if suspensions[upstream]?.isProbing == true { suspensions[upstream] = nil }
  }

  mutating func pilotStarted(at now: Duration) {
    guard case .limited(_, let interval) = network else { return }
    let next = min(interval * 2, pilotIntervalMaximum)
    network = .limited(nextPilot: now + interval, interval: next)
  }

  mutating func suspend(upstream: String, for duration: Duration, _ failure: DeliveryFailure, at now: Duration) {
    // One that lasts longer stands: a delivery that was under way already does not shorten it.
    if let present = suspensions[upstream], present.until >= now + duration { return }
    suspensions[upstream] = Suspension(until: now + duration, failure: failure)
  }

  // MARK: - Out

  /// Why `upstream` is not called now, and for how long; `nil` when it may be called.
  mutating func suspension(of upstream: String, at now: Duration) -> (rest: Duration, failure: DeliveryFailure)? {
    guard let suspension = suspensions[upstream] else { return nil }
    guard suspension.until <= now else { return (suspension.until - now, suspension.failure) }
    suspensions[upstream]?.isProbing = true
    return nil
  }

  /// Asked for each delivery, since a handler may stand for several upstreams.
  mutating func admit(upstream: String, at now: Duration) -> Admission {
    if let suspension = suspension(of: upstream, at: now) {
      return .refused(rest: suspension.rest, suspension.failure)
    }
    guard let probing = suspensions[upstream] else { return .free }
    if probing.hasProbe { return .refused(rest: Self.probeRest, probing.failure) }
    suspensions[upstream]?.hasProbe = true
    return .probe
  }

  /// A probe ended: when it found out nothing, another may try.
  mutating func probeEnded(upstream: String) {
    suspensions[upstream]?.hasProbe = false
  }

  /// - Parameters:
  ///   - upstream: the handler's own upstream; when it is suspended nothing starts at all.
  ///   - inFlight: how many deliveries are under way.
  mutating func allowance(upstream: String, inFlight: Int, at now: Duration) -> Allowance {
    if let suspension = suspension(of: upstream, at: now) {
      return Allowance(count: 0, criticalCount: 0, waitMaximum: suspension.rest)
    }
    let isProbing = suspensions[upstream]?.isProbing ?? false
    switch network {
    case .shut:
      return Allowance(count: 0, criticalCount: 0)
    case .limited(let nextPilot, _):
      guard nextPilot <= now else { return Allowance(count: 0, criticalCount: 0, waitMaximum: nextPilot - now) }
      return Allowance(count: inFlight == 0 ? 1 : 0, criticalCount: 0, isPilot: true)
    case .open:
      if isProbing { return Allowance(count: inFlight == 0 ? 1 : 0, criticalCount: 0) }
      let free = max(0, concurrency - inFlight)
      let ramped = max(0, min(concurrency, ramp ?? concurrency) - inFlight)
      return Allowance(count: ramped, criticalCount: free)
    }
  }

  /// Why nothing starts now, for a person; `nil` when the gate is open.
  func obstacle(upstream: String, at now: Duration, wall: Timestamp, status: NetworkStatus?) -> WaitingReason? {
    if let suspension = suspensions[upstream], suspension.until > now {
      return .suspended(until: wall.advanced(by: suspension.until - now), suspension.failure)
    }
    guard network != .open, let status, !status.isOnline else { return nil }
    let detail = status.evidence.first { $0.condition == status.condition }?.detail
    return .network(status.condition, since: status.since, detail: detail)
  }
}
