import Logging
import Synchronization
import TomboloPorts

/// How evidence comes in, and how changes go out.
extension NetworkMonitor {
  func probeUntilCancelled(_ index: Int) async {
    let subject = subjects[index]
    while !Task.isCancelled {
      subject.wakeup.reset()
      subject.rerouted.reset()
      apply(.timePassed, to: index)
      let isProbeLocal = isProbeLocal(index)
      switch state.withLock({ [uptime = time.uptime] in $0.nextStep(index, at: uptime, isProbeLocal: isProbeLocal) }) {
      case .probe:
        await refreshUnlessRerouted(index)
      case .wait(let duration):
        do { try await subject.wakeup.wait(atMost: duration, time: time) } catch { return }
      }
    }
  }

  /// Whether the probe of a subject is answered by this machine itself. Asked outside the lock: the probe is not ours.
  func isProbeLocal(_ index: Int) -> Bool {
    let probe = state.withLock { $0.probes[index] }
    return probe?.isOnThisMachine ?? false
  }

  /// Probes; gives the probe up when the way out changes meanwhile. What was sent over a cable that was pulled may be waited
  /// for until the time limit, and says nothing about the one that is there now.
  private func refreshUnlessRerouted(_ index: Int) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.refresh(index) }
      group.addTask { [time] in
        // It throws when it is cancelled: the probe answered first, or all is over.
        do { try await self.subjects[index].rerouted.wait(atMost: nil, time: time) } catch { return }
      }
      await group.next()
      group.cancelAll()
    }
  }

  func refresh(_ index: Int) async {
    let probe = state.withLock { $0.probes[index] }
    await probe?.ask {
      let uptime = time.uptime
      state.withLock { if $0.probes[index] === probe { $0.machines[index].probeStarted(at: uptime) } }
    } takeIn: { result in
      // A probe that was replaced meanwhile has nothing more to say.
      guard state.withLock({ $0.probes[index] === probe }) else { return }
      apply(.probed(result, jitter: state.withLock { $0.drawJitter() }), to: index)
    }
  }

  func follow(_ path: any NetworkPathSource) async {
    await path.run { self.take($0, from: path.name) }
  }

  /// Takes in what the system says; where it cannot know, that is told once.
  func take(_ report: NetworkPathReport, from source: String) {
    if let reason = state.withLock({ $0.newReasonNotToKnow(report) }) {
      logger.warning(
        "the system does not say whether there is a network; probes and deliveries decide",
        metadata: ["source": "\(source)", "because": "\(reason)"])
    }
    let wayRevision = state.withLock { $0.machines[0].wayRevision }
    apply(.path(report))
    if state.withLock({ $0.machines[0].wayRevision }) != wayRevision {
      for subject in subjects { subject.rerouted.signal() }
    }
    wakeAll()
  }

  /// Takes in what concerns all subjects, or one.
  func apply(_ event: NetworkStatusMachine.Event, to index: Int? = nil) {
    let moment = NetworkStatusMachine.Moment(uptime: time.uptime, now: time.now)
    guard state.withLock({ $0.handle(event, index, at: moment) }) else { return }
    publish()
  }

  /// Tells observers outside the lock and still in order: whoever finds no publication under way publishes all there is.
  func publish() {
    while let publication = state.withLock({ $0.nextPublication() }) {
      let status = publication.status
      for continuation in publication.continuations { continuation.yield(status) }
      if publication.previous.condition != status.condition {
        logger.info("the network is \(status.condition.rawValue)", metadata: ["because": "\(status.reason)"])
      }
      for upstream in status.upstreams
      where publication.previous.upstream(upstream.name)?.condition != upstream.condition {
        logger.info(
          "the upstream \(upstream.name) is \(upstream.condition.rawValue)",
          metadata: ["because": "\(upstream.reason)"])
      }
    }
  }
}
