public import TomboloNetwork
public import TomboloQueue

/// What the agent's HTTP interface shows and steers.
public struct AgentParts: Sendable {
  public var queue: SyncQueue
  public var worker: SyncWorker
  public var network: NetworkMonitor
  public var storage: StorageDescription

  /// Running the parts remains the caller's business.
  public init(queue: SyncQueue, worker: SyncWorker, network: NetworkMonitor, storage: StorageDescription) {
    self.queue = queue
    self.worker = worker
    self.network = network
    self.storage = storage
  }
}
