package import TomboloPorts

/// What the evidence means: a pure state machine without clock, lock or task. `NetworkMonitor` feeds it and does what it says.
///
/// **The rule**, first line that applies:
///
/// | override | probe's last word | deliveries | status |
/// |---|---|---|---|
/// | set | any | any | the override |
/// | - | any, but no success at this reach | the same | the system's: `none` is `offline`, `local` is `limited` |
/// | - | `online` | any | `online` |
/// | - | failed while there was no way out, which has come back | any | `online` |
/// | - | fails | one was answered while the probe did not say `online`, none was unreachable since | `online` |
/// | - | fails | one was answered after the probe last said `online` and less than an interval ago | `online` |
/// | - | fails | otherwise | what the probe says |
/// | - | none yet | any | `online` |
/// | - | there is no probe | the last one was unreachable | `limited` |
/// | - | there is no probe | otherwise | `online` |
///
/// So a success proves online. A delivery that is answered while the probe fails has shown the probe to be wrong; the probe
/// is then *discredited*, and a misconfigured one never holds back a system whose deliveries work:
///
///                     probe says online
///             ┌─────────────────────────────────┐
///             ▼                                 │
///        ┌─────────┐   delivery answered   ┌─────────────┐
///        │ trusted │ ────────────────────▶ │ discredited │
///        └─────────┘  while the probe does └─────────────┘
///             ▲         not say online          │
///             └─────────────────────────────────┘
///                    delivery unreachable
///
/// A probe that is trusted and begins to fail is believed at once, unless a delivery was answered just before: then the
/// word of a busy delivery outweighs that of an overloaded health endpoint for one interval.
///
/// The system's word is believed at once when a way out is lost, whatever probe and deliveries said before. A success while
/// there is none shows that the upstream needs none, being on this machine or a neighbour: from then on the system's word
/// counts for nothing at that reach, or a longer one, until something fails there; unless a longer reach is told right after, which
/// shows that the system was late rather than wrong.
///
/// A way out that comes back outdates what the probe and deliveries said while there was none: whoever waits may try at once,
/// and the probe that follows has the next word.
///
/// A recovery that only the probe or the system claims may be held when the network flaps (`FlapDamping`).
package struct NetworkStatusMachine: Sendable {
  /// One moment on both clocks: the monotonic one decides, the wall clock is shown.
  package struct Moment: Hashable, Sendable {
    package var uptime: Duration
    package var now: Timestamp

    package init(uptime: Duration, now: Timestamp) {
      self.uptime = uptime
      self.now = now
    }
  }

  /// What can happen.
  package enum Event: Hashable, Sendable {
    /// The probe answered. `jitter`, 0 to 1, is drawn by the caller: how much of the permitted shortening to apply.
    case probed(ProbeResult, jitter: Double)
    /// A delivery told what it met.
    case delivery(DeliveryExperience)
    /// The system told of the ways out, or that it cannot know.
    case path(NetworkPathReport)
    /// A person decided, or with `nil` took the decision back.
    case override(NetworkStatus.Condition?)
    /// Nothing, but time went on: a hold may be over.
    case timePassed
  }

  /// What the owner is to do next.
  package enum Step: Hashable, Sendable {
    /// Ask the probe now.
    case probe
    /// Wait that long, or with `nil` until the next event.
    case wait(Duration?)
  }

  private(set) var configuration: NetworkMonitorConfiguration
  package private(set) var hasProbe: Bool

  var override: (condition: NetworkStatus.Condition, at: Moment)?
  var probed: (result: ProbeResult, at: Moment)?
  var delivery: (experience: DeliveryExperience, at: Moment)?

  var path: (path: NetworkPath, at: Moment)?
  /// The shortest reach at which the upstream was found to answer, and nothing failed since.
  var sufficientReach: NetworkPath.Reach?
  /// When that was found.
  var sufficientReachUptime = Duration.zero
  /// A way out came back after the last delivery.
  var isDeliveryOutdated = false
  /// The probe's last word was spoken while the system knew of no way out.
  var isProbedWithoutWay = false
  /// That word is outdated: a way out came back.
  var isProbeOutdated = false
  /// When the reach last became shorter.
  var reachLostUptime: Duration?
  /// Counts the changes of the ways out.
  package private(set) var wayRevision = 0

  /// A delivery was answered while the probe did not say online.
  var isProbeDiscredited = false
  var probedOnlineUptime: Duration?

  /// What the evidence says, before damping and override.
  private var judged = NetworkStatus.Condition.online
  /// The same after damping.
  private var damped = NetworkStatus.Condition.online
  private var penalty: FlapPenalty?
  private var heldUntil: Duration?
  /// When a delivery last ended a hold.
  private var proofUptime: Duration?
  /// A delivery was answered since the last loss, too soon after another one had ended a hold.
  private var isProofWaiting = false

  var probeDelay: Duration
  var nextProbeUptime: Duration
  var probeStartUptime: Duration?
  /// A person wants to know: the probe is another one, or a decision was taken back. It is asked without a way out, too.
  var isProbeDemanded = false

  /// What is so now.
  package private(set) var condition = NetworkStatus.Condition.online
  private var since: Timestamp

  package init(configuration: NetworkMonitorConfiguration, hasProbe: Bool, at moment: Moment) {
    self.configuration = configuration
    self.hasProbe = hasProbe
    penalty = configuration.damping.map(FlapPenalty.init)
    probeDelay = configuration.probeInterval
    nextProbeUptime = moment.uptime
    since = moment.now
  }

  /// Goes on with another probe, which is asked at once, or with none. What the one before said counts until then.
  package mutating func reconfigure(
    _ configuration: NetworkMonitorConfiguration, hasProbe: Bool, at moment: Moment
  ) -> Bool {
    if self.configuration.damping != configuration.damping { penalty = configuration.damping.map(FlapPenalty.init) }
    self.configuration = configuration
    self.hasProbe = hasProbe
    if !hasProbe { probed = nil }
    isProbeDiscredited = false
    probeDelay = min(probeDelay, configuration.probeInterval)
    nextProbeUptime = moment.uptime
    isProbeDemanded = hasProbe
    return settle(at: moment, isProven: false)
  }

  /// The status with all its evidence.
  package var status: NetworkStatus {
    NetworkStatus(
      condition, since: since, evidence: evidence, isMetered: path?.path.isMetered,
      interfaces: path?.path.interfaces ?? [])
  }

  /// Whether a probe or a delivery has said anything.
  var hasEvidence: Bool { probed != nil || delivery != nil }

  /// Whether a person's decision stands.
  var isForced: Bool { override != nil }

  /// Takes in one event and tells whether observers are to know: the condition changed, or while it is not online a person's decision
  /// came or went, which says whether anything is tried.
  package mutating func handle(_ event: Event, at moment: Moment) -> Bool {
    var isProven = false
    let wasForced = isForced
    switch event {
    case .probed(let result, let jitter):
      scheduleProbe(after: result, jitter: jitter, at: moment)
      probed = (result, moment)
      isProbeOutdated = false
      isProbedWithoutWay = path.map { $0.path.reach != .routed } ?? false
      let isSuccess = result.condition == .online || result.condition == .portal
      if !isSuccess || !isLateProbe(at: moment.uptime) { learnReach(isSuccess: isSuccess, at: moment.uptime) }
      if result.condition == .online {
        probedOnlineUptime = moment.uptime
        isProbeDiscredited = false
      }
    case .delivery(.answered):
      delivery = (.answered, moment)
      isDeliveryOutdated = false
      if !isLateAnswer(at: moment.uptime) {
        learnReach(isSuccess: true, at: moment.uptime)
        isProven = true
      }
      if probed?.result.condition != .online { isProbeDiscredited = true }
    case .delivery(.unreachable(let reason)):
      delivery = (.unreachable(reason), moment)
      isDeliveryOutdated = false
      learnReach(isSuccess: false, at: moment.uptime)
      isProbeDiscredited = false
      if probed?.result.condition == .online { probeDelay = configuration.probeDelayMinimum }
    case .path(.path(let next)):
      if takePath(next, at: moment) { wayRevision += 1 }
    case .path(.unknown):
      path = nil
    case .override(let condition):
      if condition == nil, override != nil {
        nextProbeUptime = moment.uptime
        isProbeDemanded = hasProbe
      }
      override = condition.map { ($0, moment) }
    case .timePassed:
      break
    }
    let isChange = settle(at: moment, isProven: isProven)
    return isChange || isForced != wasForced && condition != .online
  }

  /// What to do now. Nothing is probed while an override decides, or nobody observes, and hardly anything without a way out
  /// unless the probe is `isProbeLocal`: answered by this machine itself.
  package func nextStep(at uptime: Duration, isObserved: Bool = true, isProbeLocal: Bool = false) -> Step {
    let soonest = max(nextProbeUptime, quietUntil(isProbeLocal: isProbeLocal) ?? nextProbeUptime)
    let nextProbe = hasProbe && override == nil && isObserved ? soonest : nil
    if let nextProbe, nextProbe <= uptime { return .probe }
    let deadlines = [nextProbe, heldUntil].compactMap { $0 }
    return .wait(deadlines.min().map { max($0 - uptime, .zero) })
  }

  /// The probe is being asked, whoever wanted that.
  package mutating func probeStarted(at uptime: Duration) {
    probeStartUptime = uptime
    isProbeDemanded = false
  }

  /// Whether a delivery's report of `unreachable` is worth asking the probe at once: not while an override decides, and
  /// not when the probe failed so recently that it would say the same, and not over a way that is gone.
  package func isProbeWanted(at uptime: Duration, isProbeLocal: Bool = false) -> Bool {
    guard hasProbe, override == nil else { return false }
    if let quiet = quietUntil(isProbeLocal: isProbeLocal), uptime < quiet { return false }
    guard let probed, probed.result.condition != .online else { return true }
    return uptime - probed.at.uptime >= configuration.probeDelayMinimum
  }

  /// Brings `judged`, `damped` and `condition` up to date.
  private mutating func settle(at moment: Moment, isProven: Bool) -> Bool {
    let judgement = judge(at: moment.uptime)
    if judged == .online, judgement != .online { penalty?.addLoss(at: moment.uptime) }
    judged = judgement

    heldUntil = nil
    isProofWaiting = judged == .online && (isProofWaiting || isProven)
    // Half a recovery is one as well: an address that comes and goes with the cable tells as little as the cable.
    let isRecovery = judged == .online ? damped != .online : judged == .limited && damped == .offline
    if isRecovery, let wait = remainingHold(at: moment.uptime) {
      heldUntil = moment.uptime + wait
    } else {
      damped = judged
      isProofWaiting = false
    }

    let next = override?.condition ?? damped
    guard next != condition else { return false }
    condition = next
    since = moment.now
    return true
  }

  /// How long a recovery is still held; `nil` when it may pass. An answered delivery ends a hold, once in each
  /// `FlapDamping.proofInterval`: where every flap lets a delivery through, each would be a change.
  private mutating func remainingHold(at uptime: Duration) -> Duration? {
    guard let hold = penalty?.hold(at: uptime) else { return nil }
    guard isProofWaiting else { return hold }
    if let proofUptime, uptime < proofUptime + FlapDamping.proofInterval {
      return min(hold, proofUptime + FlapDamping.proofInterval - uptime)
    }
    proofUptime = uptime
    return nil
  }

  /// Probes soon after a change or a first failure, then at twice the delay each time, up to the interval.
  private mutating func scheduleProbe(after result: ProbeResult, jitter: Double, at moment: Moment) {
    let wasOnline = probed.map { $0.result.condition == .online } ?? true
    let isChange = wasOnline != (result.condition == .online)
    probeDelay = isChange ? configuration.probeDelayMinimum : min(probeDelay * 2, configuration.probeInterval)
    nextProbeUptime = moment.uptime + probeDelay * (1 - configuration.jitter * jitter)
  }
}
