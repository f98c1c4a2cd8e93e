public import TomboloNetwork
public import TomboloQueue

/// What the agent's HTTP interface shows and steers.
public struct AgentParts: Sendable {
  public var queue: SyncQueue
  public var worker: SyncWorker
  public var network: NetworkMonitor
  public var storage: StorageDescription
  /// What there is to say against the storage, given how much it holds: `storage.advice` of the status.
  public var advise: @Sendable (QueueStatus) -> String?
  /// How the policies around the delivery stand, whenever it is asked; `nil` when there are none.
  public var resilience: @Sendable () -> WireResilience?

  /// Running the parts remains the caller's business.
  public init(
    queue: SyncQueue, worker: SyncWorker, network: NetworkMonitor, storage: StorageDescription,
    advise: @escaping @Sendable (QueueStatus) -> String? = { _ in nil },
    resilience: @escaping @Sendable () -> WireResilience? = { nil }
  ) {
    self.resilience = resilience
    self.queue = queue
    self.worker = worker
    self.network = network
    self.storage = storage
    self.advise = advise
  }
}
