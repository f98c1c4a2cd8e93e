public import Logging
import Synchronization
public import TomboloPorts

/// Knows whether the outside can be reached, why, and since when.
///
/// It weighs what a person decided, what the system says of links and routes, what a probe of your own endpoint says, and
/// what deliveries meet, by this rule:
///
/// | override | probe's last word | deliveries | status |
/// |---|---|---|---|
/// | set | any | any | the override |
/// | - | any, but no success at this reach | the same | the system's: `none` is `offline`, `local` is `limited` |
/// | - | `online` | any | `online` |
/// | - | fails | answered while the probe did not say `online`, none unreachable since | `online` |
/// | - | fails | answered since the probe last said `online`, less than an interval ago | `online` |
/// | - | fails | otherwise | what the probe says: `limited`, `portal` |
/// | - | none yet | any | `online` |
/// | - | no probe at all | the last one unreachable | `limited` |
/// | - | no probe at all | otherwise | `online` |
///
/// A success proves online, so a misconfigured probe never holds back a system whose deliveries work; and an upstream that
/// goes away while nothing is delivered is noticed within one probe interval. A way out that is lost is believed at once, and
/// every change of the ways out is followed by a probe. Without any evidence the status is `online`: it is a hint to wake
/// early, never a reason to refuse a call. So whoever waits for `online` should still try now and then: without a probe and a
/// way out that comes back, nothing but an answered delivery ends `limited`.
///
///     let monitor = NetworkMonitor(probe: TCPProbe(host: "127.0.0.1", port: 9000), logger: logger)
///     async let _: Void = monitor.run()
///     for await status in monitor.statuses() { … }   // the present status first
///
/// **Lifetime.** No task exists but those that call it: probes run while `run()` runs, and in the task of a `report`.
///
/// **Order.** Every observer sees changes in the order they happened. One that is slow misses some, never the newest.
public final class NetworkMonitor: NetworkStatusSource {
  private let state: Mutex<State>
  private let path: (any NetworkPathSource)?
  /// Wakes the task that probes: what it waits for may have changed.
  private let wakeup = WakeSignal()
  private let callbackAdded = WakeSignal()
  private let time: any TimeSource
  private let logger: Logger

  /// A monitor that asks `probe` and listens to `path`, where there are such, and tells changes to `logger`. `random` spreads
  /// the probes of a fleet.
  public init(
    probe: (any ReachabilityProbe)? = nil,
    path: (any NetworkPathSource)? = nil,
    configuration: NetworkMonitorConfiguration = NetworkMonitorConfiguration(),
    time: any TimeSource = SystemTimeSource(),
    random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
    logger: Logger
  ) {
    let machine = NetworkStatusMachine(
      configuration: configuration, hasProbe: probe != nil,
      at: NetworkStatusMachine.Moment(uptime: time.uptime, now: time.now))
    state = Mutex(State(machine: machine, shared: probe.map(SharedProbe.init), random: random))
    self.path = path
    self.time = time
    self.logger = logger
  }

  /// The present status.
  public var status: NetworkStatus { state.withLock { $0.machine.status } }

  /// Probes, listens to the system, and calls observers, until its task is cancelled. To be run once.
  public func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.probeUntilCancelled() }
      if let path { group.addTask { await self.follow(path) } }
      while !Task.isCancelled {
        for observer in state.withLock({ $0.takeNewCallbacks() }) {
          group.addTask { await observer.run() }
        }
        do { try await callbackAdded.wait(atMost: nil, time: time) } catch { return }
      }
    }
  }

  /// Decides by hand what the status is; `nil` takes the decision back and asks the probe anew.
  public func setOverride(_ condition: NetworkStatus.Condition?) {
    apply(.override(condition))
    wakeup.signal()
  }

  /// Puts another probe, or none, and other intervals in the place of the present ones, while it runs or not. The new probe
  /// is asked at once.
  public func reconfigure(
    probe: (any ReachabilityProbe)?, configuration: NetworkMonitorConfiguration = NetworkMonitorConfiguration()
  ) {
    let moment = NetworkStatusMachine.Moment(uptime: time.uptime, now: time.now)
    let isPublisher = state.withLock {
      $0.reconfigure(configuration, probe: probe.map(SharedProbe.init), at: moment)
    }
    if isPublisher { publish() }
    wakeup.signal()
  }

  /// Tells what a delivery met. `answered` costs a lock and no waiting. After `unreachable` the probe is asked at once, by one
  /// probe for all who report at the same time, unless it failed a moment ago.
  public func report(_ experience: DeliveryExperience) async -> NetworkStatus {
    apply(.delivery(experience))
    if case .unreachable = experience,
      state.withLock({ [uptime = time.uptime] in $0.machine.isProbeWanted(at: uptime) })
    {
      await refresh()
      wakeup.signal()
    }
    return status
  }

  /// The present status, then every change. A slow reader gets the newest and never delays another; ending the iteration
  /// or cancelling its task ends the observation.
  public func statuses() -> AsyncStream<NetworkStatus> {
    makeStream().stream
  }

  /// Calls `callback` with the present status and then with every change, in a task of its own within `run()`, so that one
  /// that takes long delays nobody else. While it runs it misses all changes but the newest.
  public func observe(_ callback: @escaping @Sendable (NetworkStatus) async -> Void) -> Observation {
    let (stream, continuation) = makeStream()
    let observer = CallbackObserver(stream: stream, continuation: continuation, callback: callback)
    let token = state.withLock { $0.addCallback(observer) }
    callbackAdded.signal()
    return Observation { [weak self] in
      observer.cancel()
      self?.state.withLock { $0.removeCallback(token) }
    }
  }

  /// Returns the first status, from the present one on, that meets `condition`. Throws `CancellationError` when the task is
  /// cancelled.
  public func wait(until condition: (NetworkStatus) -> Bool) async throws -> NetworkStatus {
    for await status in statuses() where condition(status) { return status }
    throw CancellationError()
  }

  /// How many observers there are, of both kinds.
  package var observerCount: Int { state.withLock { $0.observerCount } }

  /// How many reports wait for a probe that another one started.
  package var sharingCount: Int { state.withLock { $0.shared }?.waitingCount ?? 0 }

  private func makeStream() -> (
    stream: AsyncStream<NetworkStatus>, continuation: AsyncStream<NetworkStatus>.Continuation
  ) {
    let (stream, continuation) = AsyncStream.makeStream(of: NetworkStatus.self, bufferingPolicy: .bufferingNewest(1))
    let token = state.withLock { $0.addObserver(continuation) }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { $0.removeObserver(token) }
    }
    return (stream, continuation)
  }

  private func probeUntilCancelled() async {
    while !Task.isCancelled {
      wakeup.reset()
      apply(.timePassed)
      switch state.withLock({ [uptime = time.uptime] in $0.machine.nextStep(at: uptime) }) {
      case .probe:
        await refresh()
      case .wait(let duration):
        do { try await wakeup.wait(atMost: duration, time: time) } catch { return }
      }
    }
  }

  private func follow(_ path: any NetworkPathSource) async {
    await path.run { report in
      self.apply(.path(report))
      self.wakeup.signal()
      guard case .unknown(let reason) = report else { return }
      self.logger.warning(
        "the system does not say whether there is a network; probes and deliveries decide",
        metadata: ["source": "\(path.name)", "because": "\(reason)"])
    }
  }

  private func refresh() async {
    let shared = state.withLock { $0.shared }
    await shared?.ask { result in
      // A probe that was replaced meanwhile has nothing more to say.
      guard state.withLock({ $0.shared === shared }) else { return }
      apply(.probed(result, jitter: state.withLock { $0.drawJitter() }))
    }
  }

  private func apply(_ event: NetworkStatusMachine.Event) {
    let moment = NetworkStatusMachine.Moment(uptime: time.uptime, now: time.now)
    guard state.withLock({ $0.handle(event, at: moment) }) else { return }
    publish()
  }

  /// Tells observers outside the lock and still in order: whoever finds no publication under way publishes all there is.
  private func publish() {
    while let publication = state.withLock({ $0.nextPublication() }) {
      for continuation in publication.continuations { continuation.yield(publication.status) }
      let status = publication.status
      logger.info("the network is \(status.condition.rawValue)", metadata: ["because": "\(status.reason)"])
    }
  }
}
