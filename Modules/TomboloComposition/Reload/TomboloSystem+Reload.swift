import Synchronization
import TomboloContainer
import TomboloNetwork
import TomboloQueue

extension TomboloSystem {
  /// Puts `next` in the place of the configuration in force, all of it or nothing.
  ///
  /// Everything `next` names is made first; only when all of it is there does any of it count. Deliveries that are under way
  /// end with what they began with. Keys that hold a file or a socket keep their old values until a restart; the report
  /// names them.
  ///
  /// - Throws: `ReloadError`, what a part says that cannot be made, or `CancellationError` when the task is cancelled before
  ///   all of it is there. The old configuration goes on then, untouched.
  public func reload(_ next: Configuration) async throws -> ReloadReport {
    try reloading.begin()
    defer { reloading.end() }
    guard container.isMade(SyncWorker.self) else {
      throw ReloadError(.notRunning, "the system does not run: start it with the new configuration instead")
    }
    let parts = try await container.resolve(LiveParts.self)
    guard parts.hasRoom else {
      throw ReloadError(
        .busy,
        "\(LiveParts.retiredCountMaximum) configurations before this one still have deliveries under way: try again when "
          + "they have ended")
    }
    // Before anything is made: what is asked for later could be refused.
    let (queue, worker, monitor) = (
      try await container.resolve(SyncQueue.self), try await container.resolve(SyncWorker.self),
      try await container.resolve(NetworkMonitor.self)
    )
    let (old, running) = (configuration, next.keepingFixed(of: configuration))
    let changes = next.changes(from: old)
    // Where the plugin could not tell before.
    try queue.requireReachable(running.queue.durability)
    let generation = try await Generation.make(running, shared: shared)
    // From here on nothing can fail, nor be cancelled. When the system is closed meanwhile, `parts` closes the generation.
    await parts.replace(with: generation)
    worker.reconfigure(
      QueueConfiguration(
        running, backoff: generation.backoff, observation: observation, previous: queue.configuration.versionClock))
    if running.queue.namespaces != old.queue.namespaces { queue.activate(namespaces: running.queue.namespaces) }
    monitor.reconfigure(
      probe: generation.probe.probe.map { _ in LiveProbe(parts: parts) },
      configuration: generation.probe.monitorConfiguration)
    reloading.set(running)
    return ReloadReport(
      changed: changes.filter { !ReloadRule.needsRestart($0) }, needsRestart: changes.filter(ReloadRule.needsRestart))
  }
}

/// The configuration in force after a reload, and whether one is under way.
final class ReloadState: Sendable {
  private let state = Mutex((running: Configuration?.none, isBusy: false))

  var running: Configuration? { state.withLock { $0.running } }

  func set(_ configuration: Configuration) { state.withLock { $0.running = configuration } }

  func begin() throws(ReloadError) {
    let isFree = state.withLock { state in
      defer { state.isBusy = true }
      return !state.isBusy
    }
    guard isFree else { throw ReloadError(.busy, "another reload is under way: try again when it has ended") }
  }

  func end() { state.withLock { $0.isBusy = false } }
}
