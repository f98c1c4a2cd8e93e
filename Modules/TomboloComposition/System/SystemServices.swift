public import ServiceLifecycle
public import TomboloNetwork
public import TomboloQueue

/// Runs a network monitor until the program stops.
public struct NetworkMonitorService: Service {
  private let monitor: NetworkMonitor

  public init(_ monitor: NetworkMonitor) {
    self.monitor = monitor
  }

  public func run() async throws {
    await cancelWhenGracefulShutdown { await self.monitor.run() }
  }
}

/// Runs a worker until the program stops; deliveries in flight then get their grace.
public struct SyncWorkerService: Service {
  private let worker: SyncWorker

  public init(_ worker: SyncWorker) {
    self.worker = worker
  }

  public func run() async throws {
    try await withGracefulShutdownHandler {
      try await worker.run()
    } onGracefulShutdown: {
      worker.stop()
    }
  }
}
