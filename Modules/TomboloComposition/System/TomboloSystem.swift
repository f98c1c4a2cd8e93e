public import Logging
public import ServiceLifecycle
import Synchronization
import TomboloContainer
public import TomboloNetwork
public import TomboloPorts
public import TomboloQueue

/// What a configuration describes, put together.
///
///     let system = try TomboloSystem(configuration, registry: registry, logger: logger)
///     let parts = try await system.start()          // everything open, or nothing
///     …
///     try await system.close()
///
/// Parts are made when they are asked for: `openQueue` opens the storage and nothing else. When making one fails, those
/// already made are closed in reverse order. `reload` puts another configuration in the place of this one while it runs.
public struct TomboloSystem: Sendable {
  let container: Container
  let shared: [ContainerModule]
  let reloading = ReloadState()
  private let first: Configuration
  let observation: SystemObservation

  /// Checks that everything a part needs is there. Opens nothing.
  public init(
    _ configuration: Configuration,
    registry: PluginRegistry,
    time: any TimeSource = SystemTimeSource(),
    observation: SystemObservation = SystemObservation(),
    logger: Logger
  ) throws {
    first = configuration
    self.observation = observation
    let context = PluginContext(time: time) { logger.warning("\($0)") }
    // Made here: the module is installed once more for each generation, and all of them are to share these.
    let (memory, network) = (ResilienceMemory(time: time, logger: logger), NetworkHint())
    let surroundings = ContainerModule("surroundings") { builder in
      builder.value(registry)
      builder.value(context)
      builder.value(time, as: (any TimeSource).self)
      builder.value(logger)
      builder.value(memory)
      builder.value(network)
      builder.value(observation)
    }
    shared = [surroundings]
    var builder = ContainerBuilder()
    builder.value(configuration)
    builder.install(surroundings)
    builder.install(Self.storage)
    builder.install(Self.work(shared: [surroundings]))
    container = try builder.build()
  }

  /// The configuration in force.
  public var configuration: Configuration { reloading.running ?? first }

  /// The parts of a running system.
  public struct Parts: Sendable {
    public var queue: SyncQueue
    public var worker: SyncWorker
    public var monitor: NetworkMonitor
    /// The engine that is at work, also where the configuration left the choice open.
    public var storage: ChosenStorage
    /// What is to be run, each after what it needs: `ServiceGroup` starts them in this order and stops them in the reverse.
    public var services: [any Service]
    fileprivate let live: LiveParts

    /// The policies around the delivery that the configuration in force names; `nil` when there are none.
    public var policies: DeliveryPolicies? { live.current?.policies }
  }

  /// Makes every part, or throws the reason and leaves nothing open.
  public func start() async throws -> Parts {
    do {
      return try await container.start { container in
        Parts(
          queue: try await container.resolve(), worker: try await container.resolve(),
          monitor: try await container.resolve(), storage: try await container.resolve(),
          services: try await container.singletons(thatAre: (any Service).self), live: try await container.resolve())
      }
    } catch let error as ContainerError {
      throw error.reason
    }
  }

  /// Opens the queue alone: no network, no delivery.
  public func openQueue() async throws -> (queue: SyncQueue, storage: ChosenStorage) {
    do {
      return (try await container.resolve(SyncQueue.self), try await container.resolve(ChosenStorage.self))
    } catch let error as ContainerError {
      throw error.reason
    }
  }

  /// Makes the network monitor without the storage and the worker. The delivery is made, as the probe may ask where it goes,
  /// and delivers nothing. Running the monitor remains the caller's business.
  public func openMonitor() async throws -> NetworkMonitor {
    do {
      return try await container.resolve(NetworkMonitor.self)
    } catch let error as ContainerError {
      throw error.reason
    }
  }

  /// Closes what was made, the youngest first.
  public func close() async throws {
    try await container.close()
  }

  /// What needs what, for people; `DependencyGraph.dot` of the container draws it.
  public var graph: String { container.graph.text }

  /// The same as a digraph in the DOT language.
  public var graphDOT: String { container.graph.dot }
}
