import Logging
import TomboloContainer
import TomboloNetwork
import TomboloPorts
import TomboloQueue
import TomboloResilience
import TomboloStorage

extension TomboloSystem {
  /// The store and the queue on it.
  static let storage = ContainerModule("storage") { builder in
    builder.singleton(ChosenStorage.self) {
      (configuration: Configuration, registry: PluginRegistry, logger: Logger) in
      let chosen = try await configuration.storageSettings.chosen(from: registry)
      if let reason = chosen.reason {
        logger.notice(
          "storage.type is auto",
          metadata: ["engine": "\(chosen.settings.engine.identifier.name)", "because": "\(reason)"])
      }
      return chosen
    }
    builder.singleton((any KeyValueStore).self, close: { try await $0.close() }) {
      (chosen: ChosenStorage, registry: PluginRegistry, context: PluginContext) in
      try await chosen.settings.open(registry, in: context)
    }
    builder.singleton(GroupCommit.self) { (store: any KeyValueStore) in GroupCommit(store) }
    builder.singleton((any BackoffStrategy).self) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      try await registry.make((any BackoffStrategy).self, from: configuration.queue.backoff, in: context)
    }
    builder.singleton(SyncQueue.self) {
      (
        door: GroupCommit, configuration: Configuration, backoff: any BackoffStrategy, time: any TimeSource,
        observation: SystemObservation, logger: Logger
      ) in
      let queue = try await SyncQueue.open(
        door: door,
        configuration: QueueConfiguration(configuration, backoff: backoff, observation: observation), time: time,
        logger: logger)
      for listener in observation.listeners { queue.add(listener) }
      return queue
    }
  }

  /// What watches the network and delivers.
  static func work(shared: [ContainerModule]) -> ContainerModule {
    ContainerModule("work") { builder in
      builder.singleton(LiveParts.self, close: { await $0.close() }) {
        (configuration: Configuration, logger: Logger) in
        LiveParts(try await Generation.make(configuration, shared: shared), logger: logger)
      }
      builder.singleton(NetworkSources.self, close: { try await $0.close() }) {
        (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
        try await NetworkSources.make(configuration, registry, context)
      }
      builder.singleton(NetworkMonitor.self) {
        (parts: LiveParts, sources: NetworkSources, hint: NetworkHint, time: any TimeSource, logger: Logger) in
        let slot = parts.current?.probe
        let monitor = NetworkMonitor(
          probe: slot?.probe.map { _ in LiveProbe(parts: parts) }, path: sources.path, upstreams: sources.upstreams,
          configuration: slot?.monitorConfiguration ?? NetworkMonitorConfiguration(), time: time, logger: logger)
        hint.follow(monitor)
        return monitor
      }
      builder.singleton(SyncWorker.self) {
        (
          queue: SyncQueue, parts: LiveParts, monitor: NetworkMonitor, observation: SystemObservation, logger: Logger
        ) in
        SyncWorker(
          queue: queue, handler: observation.around(LiveHandler(parts: parts)), network: monitor,
          resolver: LiveResolver(parts: parts), logger: logger)
      }
      builder.singleton(NetworkMonitorService.self) { (monitor: NetworkMonitor) in NetworkMonitorService(monitor) }
      // Deliveries stop before the network is no longer watched: the worker needs the monitor's service.
      builder.singleton(SyncWorkerService.self) { (worker: SyncWorker, _: NetworkMonitorService) in
        SyncWorkerService(worker)
      }
    }
  }
}

extension ReachabilityProbeSlot {
  /// The monitor's settings with the probe's own interval, where it has one.
  var monitorConfiguration: NetworkMonitorConfiguration {
    interval.map { NetworkMonitorConfiguration(probeInterval: $0) } ?? NetworkMonitorConfiguration()
  }
}

extension QueueConfiguration {
  /// - Parameters:
  ///   - observation: what the program adds to each operation.
  ///   - previous: the clock for versions that was used so far: the new one goes on where it is, also for enqueues that still use it.
  init(
    _ configuration: Configuration, backoff: any BackoffStrategy, observation: SystemObservation = SystemObservation(),
    previous: HybridLogicalClock? = nil
  ) {
    self.init()
    let settings = configuration.queue
    self.backoff = backoff
    headersAtEnqueue = observation.headersAtEnqueue
    recovery = settings.recovery
    versionClock = settings.versionClock.map { clock in
      previous.map { HybridLogicalClock(node: clock.node, skewMaximum: clock.skewMaximum, continuing: $0) }
        ?? HybridLogicalClock(node: clock.node, skewMaximum: clock.skewMaximum)
    }
    durability = settings.durability
    activeNamespaces = settings.namespaces
    concurrency = settings.concurrency
    attemptsMaximum = settings.attemptsMaximum
    attemptTimeout = settings.attemptTimeout
    retryAfterMaximum = settings.retryAfterMaximum
    onPermanentFailure = settings.onPermanentFailure
    uniqueness = settings.uniqueness
    passedOverMaximum = settings.passedOverMaximum
    conflictRoundsMaximum = settings.conflictRoundsMaximum
    kindLimits = settings.kindLimits
    payloadByteCountMaximum = settings.payloadMaximum
    operationsMaximum = settings.operationsMaximum
    bytesMaximum = settings.bytesMaximum
    limitPolicy = settings.limitPolicy
    idempotencyRetention = settings.idempotencyRetention
    pilotInterval = settings.pilotInterval
    pilotIntervalMaximum = settings.pilotIntervalMaximum
    leaseDuration = settings.leaseDuration
    sharedPollInterval = settings.sharedPollInterval
    historyRetention = settings.history
    stallTimeout = settings.stallTimeout
    shutdownGrace = configuration.agent.shutdownGrace
  }
}
