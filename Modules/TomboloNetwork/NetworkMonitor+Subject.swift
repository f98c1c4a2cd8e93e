import Synchronization
import TomboloPorts

extension NetworkMonitor {
  /// What is probed: the whole, or one upstream.
  struct Subject: Sendable {
    /// `nil` for the whole.
    let name: String?
    /// Wakes the task that probes: what it waits for may have changed.
    let wakeup = WakeSignal()
    /// The way out is another one, so that a probe under way asks over one that is gone.
    let rerouted = WakeSignal()
  }

  /// How many observers there are, of both kinds.
  package var observerCount: Int { state.withLock { $0.observerCount } }

  /// How many reports wait for a probe that another one started.
  package var sharingCount: Int { state.withLock { $0.probes }.reduce(0) { $0 + ($1?.waitingCount ?? 0) } }

  func wakeAll() {
    for subject in subjects { subject.wakeup.signal() }
  }
}

extension NetworkMonitorConfiguration {
  /// The same with another interval, if there is one.
  func with(probeInterval: Duration?) -> NetworkMonitorConfiguration {
    guard let probeInterval else { return self }
    return NetworkMonitorConfiguration(
      probeInterval: probeInterval, probeDelayMinimum: probeDelayMinimum, jitter: jitter, damping: damping)
  }
}
