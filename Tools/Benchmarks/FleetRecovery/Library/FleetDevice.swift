import TomboloPorts
import TomboloQueue
import TomboloResilience

/// One device: what waits on it, and what lets it start. Times are microseconds since the network came back.
struct FleetDevice {
  /// A request under way.
  struct Call {
    var attempt: Int
    var pass: UpstreamPace.Pass?
  }

  private static let upstream = "server"
  private static let failure = DeliveryFailure(.throttled, "503")
  private let configuration: FleetConfiguration
  private var gate: DeliveryGate
  /// Operations that were not tried yet.
  private var freshCount: Int
  /// The retries of operations that failed.
  private var retries = EventQueue<Int>()
  private var inFlightCount = 0
  /// When it is woken next, if it is.
  private var wakeAt = Int64.max

  init(_ configuration: FleetConfiguration, random: inout some RandomNumberGenerator) {
    self.configuration = configuration
    freshCount = configuration.operationCount
    gate = DeliveryGate(configuration.queue)
    let at = Timestamp(millisecondsSinceEpoch: 0)
    // Away since before the beginning of time: the gate is told with times that begin with the outage.
    for (condition, time) in [(NetworkStatus.Condition.offline, Duration.zero), (.online, configuration.outage)] {
      gate.networkChanged(
        NetworkStatus(condition, since: at, evidence: []), at: time, fraction: .random(in: 0...1, using: &random))
    }
  }

  /// What it starts now, and when it wants to be woken if nothing happens before.
  mutating func start(at now: Int64) -> (calls: [Call], wakeAt: Int64?) {
    if now >= wakeAt { wakeAt = .max }
    var calls: [Call] = []
    var wanted = retries.nextTime
    switch configuration.behaviour {
    case .naive:
      while inFlightCount < configuration.queue.concurrency, let attempt = take(at: now) {
        inFlightCount += 1
        calls.append(Call(attempt: attempt, pass: nil))
      }
    case .paced:
      let time = uptime(now)
      let allowance = gate.allowance(upstream: Self.upstream, inFlight: inFlightCount, at: time)
      if let wait = allowance.waitMaximum { wanted = max(wanted ?? 0, now + Int64(wait / .microseconds(1)) + 1) }
      while calls.count < allowance.count, let attempt = take(at: now) {
        guard case .success(let pass) = gate.enter(upstream: Self.upstream, isRetry: attempt > 1, at: time) else {
          retries.add(attempt, at: now + 1_000_000)
          break
        }
        _ = gate.reserve(upstream: Self.upstream, isUrgent: true, at: time)
        inFlightCount += 1
        calls.append(Call(attempt: attempt, pass: pass))
      }
      if wanted == nil || allowance.waitMaximum == nil { wanted = retries.nextTime }
    }
    guard let wanted, wanted > now, wanted < wakeAt else { return (calls, nil) }
    wakeAt = wanted
    return (calls, wanted)
  }

  /// A request was answered.
  mutating func answered(
    _ call: Call, isAccepted: Bool, at now: Int64, random: inout some RandomNumberGenerator
  ) {
    inFlightCount -= 1
    guard configuration.behaviour == .paced else {
      if !isAccepted {
        retries.add(call.attempt + 1, at: now + Int64(configuration.naiveRetryDelay / .microseconds(1)))
      }
      return
    }
    let time = uptime(now)
    if isAccepted {
      gate.succeeded(upstream: Self.upstream)
    } else {
      let budgetWait = gate.retryWait(
        upstream: Self.upstream, at: time, waitMaximum: configuration.queue.backoff.delayMaximum, random: &random)
      let wait = DeliveryDecision(configuration: configuration.queue, now: Timestamp(millisecondsSinceEpoch: 0))
        .retryWait(after: configuration.retryAfter, attempt: call.attempt, budgetWait: budgetWait, random: &random)
      retries.add(call.attempt + 1, at: now + Int64(wait.duration / .microseconds(1)))
    }
    if let pass = call.pass { gate.left(pass, isAccepted ? .judged : .throttled, at: time) }
    gate.release(upstream: Self.upstream)
  }

  private func uptime(_ now: Int64) -> Duration { configuration.outage + .microseconds(now) }

  /// The attempt number of what is to be tried next: retries that are due first, since they have waited longest.
  private mutating func take(at now: Int64) -> Int? {
    if let due = retries.nextTime, due <= now { return retries.next()?.event }
    guard freshCount > 0 else { return nil }
    freshCount -= 1
    return 1
  }
}
