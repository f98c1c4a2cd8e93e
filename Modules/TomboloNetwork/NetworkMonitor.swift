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
/// | - | failed while there was no way out, which has come back | any | `online` |
/// | - | fails | answered while the probe did not say `online`, none unreachable since | `online` |
/// | - | fails | answered since the probe last said `online`, less than an interval ago | `online` |
/// | - | fails | otherwise | what the probe says: `limited`, `portal` |
/// | - | none yet | any | `online` |
/// | - | no probe at all | the last one unreachable | `limited` |
/// | - | no probe at all | otherwise | `online` |
///
/// A success proves online, so a misconfigured probe never holds back a system whose deliveries work; and an upstream that
/// goes away while nothing is delivered is noticed within one probe interval. A way out that is lost is believed at once, and
/// one that comes back too: every change of the ways out is followed by a probe, whose word then counts. While there is none, a
/// probe of another machine is asked once a minute at most, so that the kernel does not wait for an answer nobody can give when the
/// way comes back. Without any evidence
/// the status is `online`: it is a hint to wake early, never a reason to refuse a call. So whoever waits for `online` should
/// still try now and then: without a probe and a way out that comes back, nothing but an answered delivery ends `limited`.
///
///     let monitor = NetworkMonitor(probe: TCPProbe(host: "127.0.0.1", port: 9000), logger: logger)
///     async let _: Void = monitor.run()
///     for await status in monitor.statuses() { … }   // the present status first
///
/// **Upstreams.** Each of `upstreams` is judged by the same rule with its own probe and the deliveries reported for it. A
/// monitor that has such and no `probe` calls the whole what the best of them is.
///
/// **Lifetime.** No task exists but those that call it: probes run while `run()` runs and somebody observes, in the task of
/// a `report`, and in that of a `survey`.
///
/// **Order.** Every observer sees changes in the order they happened. One that is slow misses some, never the newest.
public final class NetworkMonitor: NetworkStatusSource {
  let state: Mutex<State>
  /// The whole first, then each upstream.
  let subjects: [Subject]
  let path: (any NetworkPathSource)?
  private let callbackAdded = WakeSignal()
  let time: any TimeSource
  let logger: Logger

  /// A monitor that asks `probe` and the probes of `upstreams`, listens to `path`, where there are such, and tells changes to
  /// `logger`. `random` spreads the probes of a fleet. Of upstreams with the same name the first counts.
  public init(
    probe: (any ReachabilityProbe)? = nil,
    path: (any NetworkPathSource)? = nil,
    upstreams: [NetworkUpstream] = [],
    configuration: NetworkMonitorConfiguration = NetworkMonitorConfiguration(),
    time: any TimeSource = SystemTimeSource(),
    random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
    logger: Logger
  ) {
    let moment = NetworkStatusMachine.Moment(uptime: time.uptime, now: time.now)
    var subjects = [Subject(name: nil)]
    var probes = [probe.map(SharedProbe.init)]
    var machines = [NetworkStatusMachine(configuration: configuration, hasProbe: probe != nil, at: moment)]
    for upstream in upstreams where !subjects.contains(where: { $0.name == upstream.name }) {
      subjects.append(Subject(name: upstream.name))
      probes.append(SharedProbe(upstream.probe))
      machines.append(
        NetworkStatusMachine(
          configuration: configuration.with(probeInterval: upstream.probeInterval), hasProbe: true, at: moment))
    }
    self.subjects = subjects
    state = Mutex(
      State(machines: machines, probes: probes, names: subjects.compactMap(\.name), random: random))
    self.path = path
    self.time = time
    self.logger = logger
  }

  /// The present status. What probes say in it is as old as the last observer: while nobody observes, none is asked. Whoever
  /// looks only now and then calls `survey()`.
  public var status: NetworkStatus { state.withLock { $0.status } }

  /// Probes, listens to the system, and calls observers, until its task is cancelled. To be run once.
  public func run() async {
    await withDiscardingTaskGroup { group in
      for index in subjects.indices { group.addTask { await self.probeUntilCancelled(index) } }
      if let path { group.addTask { await self.follow(path) } }
      while !Task.isCancelled {
        for observer in state.withLock({ $0.takeNewCallbacks() }) {
          group.addTask { [logger] in await observer.run(logger) }
        }
        do { try await callbackAdded.wait(atMost: nil, time: time) } catch { return }
      }
    }
  }

  /// Decides by hand what the status is, that of all upstreams included; `nil` takes the decision back and asks the probes
  /// anew.
  public func setOverride(_ condition: NetworkStatus.Condition?) {
    apply(.override(condition))
    wakeAll()
  }

  /// Puts another probe of the whole, or none, and other intervals in the place of the present ones, while it runs or not. The new probe
  /// is asked at once.
  public func reconfigure(
    probe: (any ReachabilityProbe)?, configuration: NetworkMonitorConfiguration = NetworkMonitorConfiguration()
  ) {
    let moment = NetworkStatusMachine.Moment(uptime: time.uptime, now: time.now)
    let isPublisher = state.withLock {
      $0.reconfigure(configuration, probe: probe.map(SharedProbe.init), at: moment)
    }
    if isPublisher { publish() }
    subjects[0].wakeup.signal()
  }

  /// Tells what a delivery met. `answered` costs a lock and no waiting. After `unreachable` the probe is asked at once, by one
  /// probe for all who report at the same time, unless it failed a moment ago.
  public func report(_ experience: DeliveryExperience) async -> NetworkStatus {
    await report(experience, index: 0)
  }

  /// The same for one of the upstreams; for a name that is not among them it does nothing.
  public func report(_ experience: DeliveryExperience, upstream name: String) async -> NetworkStatus {
    guard let index = subjects.firstIndex(where: { $0.name == name }) else { return status }
    return await report(experience, index: index)
  }

  /// The present status, then every change of it or of an upstream's. A slow reader gets the newest and never delays another;
  /// ending the iteration or cancelling its task ends the observation.
  public func statuses() -> AsyncStream<NetworkStatus> {
    makeStream().stream
  }

  /// Calls `callback` with the present status and then with every change, in a task of its own within `run()`, so that one
  /// that takes long delays nobody else. While it runs it misses all changes but the newest. One that throws is told to the
  /// log and not called again; nobody else is concerned.
  public func observe(_ callback: @escaping @Sendable (NetworkStatus) async throws -> Void) -> Observation {
    let (stream, continuation) = makeStream()
    let observer = CallbackObserver(stream: stream, continuation: continuation, callback: callback)
    let token = state.withLock { $0.addCallback(observer) }
    callbackAdded.signal()
    return Observation { [weak self] in
      observer.cancel()
      self?.state.withLock { $0.removeCallback(token) }
    }
  }

  private func makeStream() -> (
    stream: AsyncStream<NetworkStatus>, continuation: AsyncStream<NetworkStatus>.Continuation
  ) {
    let (stream, continuation) = AsyncStream.makeStream(of: NetworkStatus.self, bufferingPolicy: .bufferingNewest(1))
    let (token, isFirst) = state.withLock { $0.addObserver(continuation) }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { $0.removeObserver(token) }
    }
    // While nobody observed, nothing was probed.
    if isFirst { wakeAll() }
    return (stream, continuation)
  }

  private func report(_ experience: DeliveryExperience, index: Int) async -> NetworkStatus {
    apply(.delivery(experience), to: index)
    if case .unreachable = experience, isProbeWanted(index) {
      await refresh(index)
      subjects[index].wakeup.signal()
    }
    return status
  }

  private func isProbeWanted(_ index: Int) -> Bool {
    let isProbeLocal = isProbeLocal(index)
    return state.withLock { [uptime = time.uptime] in
      $0.machines[index].isProbeWanted(at: uptime, isProbeLocal: isProbeLocal)
    }
  }
}
