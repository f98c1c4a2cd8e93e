package import TomboloPorts
import TomboloResilience

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
/// network came back, operations that are not critical wait for a random moment, unless it was away for less than a minute
/// (`RecoveryConfiguration.spreadOutageMinimum`), and then ramp up, each upstream by itself: one
/// at first, one more with each judged one, so twice as many in each round (`UpstreamPace`).
package struct DeliveryGate: Sendable {
  package struct Allowance: Equatable, Sendable {
    /// How many deliveries of any priority may start now.
    package var count: Int
    /// How many may start when they are critical.
    package var criticalCount: Int
    /// When to ask again without being woken.
    package var waitMaximum: Duration?
    /// Whether what starts now is a pilot: tried in spite of the network's status.
    var isPilot = false
  }

  private enum Network: Equatable, Sendable {
    case open
    /// Not online; the next pilot may start at this time.
    case limited(nextPilot: Duration, interval: Duration)
    /// Not online by a person's decision.
    case shut
  }

  private struct Suspension: Sendable {
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
  /// When the network went, while it is away.
  private var awaySince: Duration?
  /// After an outage: when operations that are not critical start.
  private(set) var spreadUntil: Duration?
  private(set) var recovery: RecoveryConfiguration
  var paces = UpstreamPaces()
  private var suspensions: [String: Suspension] = [:]

  package init(_ configuration: QueueConfiguration) {
    recovery = configuration.recovery
    concurrency = max(1, configuration.concurrency)
    pilotInterval = configuration.pilotInterval
    pilotIntervalMaximum = configuration.pilotIntervalMaximum
  }

  // MARK: - In

  /// Takes in other limits. Upstreams that were suspended are asked again: what they refused may be what has changed.
  mutating func reconfigure(_ configuration: QueueConfiguration) {
    let isPaceNew = recovery != configuration.recovery || concurrency != max(1, configuration.concurrency)
    recovery = configuration.recovery
    concurrency = max(1, configuration.concurrency)
    pilotInterval = configuration.pilotInterval
    pilotIntervalMaximum = configuration.pilotIntervalMaximum
    if isPaceNew { paces.changeAll { [recovery, concurrency] in $0.reconfigure(recovery, concurrency: concurrency) } }
    suspensions = suspensions.filter { $0.value.hasProbe }
  }

  /// - Parameter fraction: from 0 to 1, drawn at random: which part of the longest spread this one takes.
  package mutating func networkChanged(_ status: NetworkStatus, at now: Duration, fraction: Double) {
    if status.isOnline {
      if network != .open { networkReturned(at: now, fraction) }
      network = .open
      awaySince = nil
      return
    }
    awaySince = awaySince ?? now
    spreadUntil = nil
    if status.isForced {
      network = .shut
    } else if case .limited = network {
      // Still not online; the pace of the pilots goes on.
    } else {
      network = .limited(nextPilot: now + pilotInterval, interval: pilotInterval)
    }
  }

  private mutating func networkReturned(at now: Duration, _ fraction: Double) {
    paces.changeAll { $0.restart() }
    let spread = recovery.spread(afterOutageOf: now - (awaySince ?? now), fraction: fraction)
    spreadUntil = spread > .zero ? now + spread : nil
  }

  /// The upstream judged an operation: it accepted it, refused it for good, or holds another version.
  package mutating func succeeded(upstream: String) {
    if !suspensions.isEmpty { suspensions[upstream] = nil }
    withPace(upstream) { $0.judged() }
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
    guard !suspensions.isEmpty, let suspension = suspensions[upstream] else { return nil }
    guard suspension.until <= now else { return (suspension.until - now, suspension.failure) }
    suspensions[upstream]?.isProbing = true
    return nil
  }

  /// Asked for each delivery, since a handler may stand for several upstreams.
  mutating func admit(upstream: String, at now: Duration) -> Admission {
    if let suspension = suspension(of: upstream, at: now) {
      return .refused(rest: suspension.rest, suspension.failure)
    }
    guard !suspensions.isEmpty, let probing = suspensions[upstream] else { return .free }
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
  ///   - inFlight: how many places are taken; what is delivered and only being stored may take none.
  package mutating func allowance(upstream: String, inFlight: Int, at now: Duration) -> Allowance {
    if let suspension = suspension(of: upstream, at: now) {
      return Allowance(count: 0, criticalCount: 0, waitMaximum: suspension.rest)
    }
    if let rest = paces[upstream]?.breakerRest(at: now) {
      return Allowance(count: 0, criticalCount: 0, waitMaximum: rest)
    }
    let isProbing = suspensions[upstream]?.isProbing ?? false || paces[upstream]?.isProbing(at: now) ?? false
    switch network {
    case .shut:
      return Allowance(count: 0, criticalCount: 0)
    case .limited(let nextPilot, _):
      guard nextPilot <= now else { return Allowance(count: 0, criticalCount: 0, waitMaximum: nextPilot - now) }
      return Allowance(count: inFlight == 0 ? 1 : 0, criticalCount: 0, isPilot: true)
    case .open:
      let free = isProbing ? (inFlight == 0 ? 1 : 0) : max(0, concurrency - inFlight)
      if let spreadUntil {
        // Whoever probes waits for his moment, too: a fleet whose breakers were open would come back at once.
        if now < spreadUntil { return Allowance(count: 0, criticalCount: free, waitMaximum: spreadUntil - now) }
        self.spreadUntil = nil
      }
      if isProbing { return Allowance(count: free, criticalCount: 0) }
      return Allowance(count: min(free, room(inFlight: inFlight, at: now)), criticalCount: free)
    }
  }

  /// How many may start at all upstreams together.
  private mutating func room(inFlight: Int, at now: Duration) -> Int {
    guard !paces.isEmpty else { return max(0, 1 - inFlight) }
    var (sum, isAnyResting) = (0, false)
    for (name, pace) in zip(paces.names, paces.values) {
      if suspensions[name].map({ $0.until > now }) ?? false || pace.breakerRest(at: now) != nil {
        isAnyResting = true
      } else {
        sum += pace.room
      }
    }
    // Behind the operations of one that rests there may be some for an upstream that was never met.
    return sum == 0 && isAnyResting ? 1 : sum
  }

  /// Why nothing starts now, for a person; `nil` when the gate is open.
  ///
  /// - Parameter isCritical: that it is about what is critical, which does not wait for the spread.
  func obstacle(
    upstream: String, isCritical: Bool = false, at now: Duration, wall: Timestamp, status: NetworkStatus?
  ) -> WaitingReason? {
    if let suspension = suspensions[upstream], suspension.until > now {
      return .suspended(until: wall.advanced(by: suspension.until - now), suspension.failure)
    }
    if let rest = paces[upstream]?.breakerRest(at: now) {
      return .suspended(until: wall.advanced(by: rest), Self.breakerOpen)
    }
    if network != .open, let status, !status.isOnline {
      let detail = status.evidence.first { $0.condition == status.condition }?.detail
      return .network(status.condition, since: status.since, detail: detail)
    }
    guard !isCritical, let spreadUntil, spreadUntil > now else { return nil }
    return .spread(until: wall.advanced(by: spreadUntil - now))
  }
}
