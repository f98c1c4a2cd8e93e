public import Logging
import ServiceLifecycle
import TomboloContainer
public import TomboloNetwork
public import TomboloPorts
public import TomboloQueue
import TomboloResilience
import TomboloStorage

/// What a configuration describes, put together.
///
///     let system = try TomboloSystem(configuration, registry: registry, logger: logger)
///     let parts = try await system.start()          // everything open, or nothing
///     …
///     try await system.close()
///
/// Parts are made when they are asked for: `openQueue` opens the storage and nothing else. When making one fails, those
/// already made are closed in reverse order.
public struct TomboloSystem: Sendable {
  public let configuration: Configuration
  private let container: Container

  /// Checks that everything a part needs is there. Opens nothing.
  public init(
    _ configuration: Configuration,
    registry: PluginRegistry,
    time: any TimeSource = SystemTimeSource(),
    logger: Logger
  ) throws {
    self.configuration = configuration
    let context = PluginContext(time: time) { logger.warning("\($0)") }
    var builder = ContainerBuilder()
    builder.value(configuration)
    builder.value(registry)
    builder.value(context)
    builder.value(time, as: (any TimeSource).self)
    builder.value(logger)
    builder.install(Self.storage)
    builder.install(Self.strategies)
    builder.install(Self.delivery)
    container = try builder.build()
  }

  /// The parts of a running system.
  public struct Parts: Sendable {
    public var queue: SyncQueue
    public var worker: SyncWorker
    public var monitor: NetworkMonitor
  }

  /// Makes every part, or throws the reason and leaves nothing open.
  public func start() async throws -> Parts {
    do {
      try await container.start()
      return Parts(
        queue: try await container.resolve(), worker: try await container.resolve(),
        monitor: try await container.resolve())
    } catch let error as ContainerError {
      throw Self.reason(error)
    }
  }

  /// Opens the queue alone: no network, no delivery.
  public func openQueue() async throws -> SyncQueue {
    do {
      return try await container.resolve(SyncQueue.self)
    } catch let error as ContainerError {
      throw Self.reason(error)
    }
  }

  /// Makes the network monitor alone: no storage, no delivery. Running it remains the caller's business.
  public func openMonitor() async throws -> NetworkMonitor {
    do {
      return try await container.resolve(NetworkMonitor.self)
    } catch let error as ContainerError {
      throw Self.reason(error)
    }
  }

  /// Closes what was made, the youngest first.
  public func close() async throws {
    try await container.close()
  }

  /// What needs what, for people.
  public var graph: String { container.graph.text }

  /// What a part itself said, without the way to it: that is what a user can act on. Failures to close come with it.
  private static func reason(_ error: ContainerError) -> any Error {
    guard let cause = error.cause, error.closeFailures.isEmpty else { return error }
    return (cause as? ContainerError).map { reason($0) } ?? cause
  }
}

extension TomboloSystem {
  private static let storage = ContainerModule("storage") { builder in
    builder.singleton((any KeyValueStore).self, close: { try await $0.close() }) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      try await configuration.storageSettings.open(registry, in: context)
    }
    builder.singleton(GroupCommit.self) { (store: any KeyValueStore) in GroupCommit(store) }
    builder.singleton(SyncQueue.self) {
      (
        door: GroupCommit, configuration: Configuration, backoff: any BackoffStrategy, time: any TimeSource,
        logger: Logger
      ) in
      try await SyncQueue.open(
        door: door, configuration: QueueConfiguration(configuration, backoff: backoff), time: time, logger: logger)
    }
  }

  private static let strategies = ContainerModule("strategies") { builder in
    builder.singleton((any BackoffStrategy).self) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      try await registry.make((any BackoffStrategy).self, from: configuration.queue.backoff, in: context)
    }
    builder.singleton((any ConflictResolver).self) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      try await registry.make((any ConflictResolver).self, from: configuration.queue.conflict, in: context)
    }
  }

  private static let delivery = ContainerModule("delivery") { builder in
    builder.singleton((any OperationHandler).self, close: { try await ($0 as? any Closable)?.close() }) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      try await registry.make((any OperationHandler).self, from: configuration.delivery, in: context)
    }
    builder.singleton(NetworkSources.self, close: { try await $0.close() }) {
      (configuration: Configuration, registry: PluginRegistry, context: PluginContext) in
      try await NetworkSources.make(configuration, registry, context)
    }
    builder.singleton(NetworkMonitor.self) { (sources: NetworkSources, time: any TimeSource, logger: Logger) in
      var settings = NetworkMonitorConfiguration()
      if let interval = sources.interval { settings = NetworkMonitorConfiguration(probeInterval: interval) }
      return NetworkMonitor(
        probe: sources.probe, path: sources.path, upstreams: sources.upstreams, configuration: settings, time: time,
        logger: logger)
    }
    builder.singleton(SyncWorker.self) {
      (
        queue: SyncQueue, handler: any OperationHandler, monitor: NetworkMonitor, resolver: any ConflictResolver,
        logger: Logger
      ) in
      SyncWorker(queue: queue, handler: handler, network: monitor, resolver: resolver, logger: logger)
    }
  }
}

extension QueueConfiguration {
  init(_ configuration: Configuration, backoff: any BackoffStrategy) {
    self.init()
    let settings = configuration.queue
    self.backoff = backoff
    concurrency = settings.concurrency
    attemptsMaximum = settings.attemptsMaximum
    attemptTimeout = settings.attemptTimeout
    retryAfterMaximum = settings.retryAfterMaximum
    onPermanentFailure =
      switch settings.onPermanentFailure {
      case .continue: .continue
      case .block: .block
      }
    payloadByteCountMaximum = settings.payloadMaximum
    operationsMaximum = settings.operationsMaximum
    bytesMaximum = settings.bytesMaximum
    idempotencyRetention = settings.idempotencyRetention
    shutdownGrace = configuration.agent.shutdownGrace
  }
}
