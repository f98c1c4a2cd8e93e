public import Logging
public import TomboloPorts
import Synchronization
public import TomboloStorage

/// A durable, prioritised queue of operations on any store.
///
///     let queue = try await SyncQueue.open(store: store)
///     let receipt = try await queue.enqueue(
///       NewOperation(kind: "preferences.setCurrency", payload: bytes, priority: .critical, orderingKey: "user/7"))
///
/// When `enqueue` returns, the operation is durable. A `SyncWorker` delivers what is in the queue; the two meet only here.
///
/// One queue object works on a store at a time: it alone knows which operations are being delivered.
public final class SyncQueue: Sendable {
  /// The one in force: `reconfigure` replaces it.
  public var configuration: QueueConfiguration { engine.configuration }
  public let time: any TimeSource

  let engine: QueueEngine
  let store: any KeyValueStore
  let logger: Logger
  let gatherer: Gatherer
  let broadcast: Broadcast<QueueEvent>
  /// Signalled when there may be something to deliver.
  let workArrived = WakeSignal()
  /// Whether a worker is at work: two would wake each other without end.
  let isServed = Mutex(false)
  /// Since when nothing moves although it could.
  let stalled = Mutex<Timestamp?>(nil)

  private init(
    door: GroupCommit, configuration: QueueConfiguration, time: any TimeSource, ids: any OperationIDSource,
    logger: Logger
  ) {
    self.time = time
    self.logger = logger
    store = door.store
    let broadcast = Broadcast<QueueEvent>()
    self.broadcast = broadcast
    let engine = QueueEngine(
      door: door, configuration: configuration, time: time, ids: ids, logger: logger, tell: { broadcast.send($0) })
    self.engine = engine
    gatherer = Gatherer(countMaximum: 256, weightMaximum: 4_096) { group in
      var requests: [SubmittedRequest.Part] = []
      requests.reserveCapacity(group.count)
      for case let submitted as SubmittedRequest in group { submitted.append(to: &requests) }
      try await engine.process(requests)
    }
  }

  /// Opens the queue that `store` holds, or a new one.
  ///
  /// Throws what the store throws, `QueueError` with `damaged` when what is stored cannot be read, and with `unsupported` when the
  /// store cannot reach `QueueConfiguration.durability`.
  public static func open(
    store: any KeyValueStore,
    configuration: QueueConfiguration = QueueConfiguration(),
    time: any TimeSource = SystemTimeSource(),
    ids: any OperationIDSource = MonotonicOperationIDSource(),
    logger: Logger = Logger(label: "tombolo.queue")
  ) async throws -> SyncQueue {
    try await open(
      door: GroupCommit(store), configuration: configuration, time: time, ids: ids, logger: logger)
  }

  /// Opens the queue of a store that others write to as well, through the same door.
  public static func open(
    door: GroupCommit,
    configuration: QueueConfiguration = QueueConfiguration(),
    time: any TimeSource = SystemTimeSource(),
    ids: any OperationIDSource = MonotonicOperationIDSource(),
    logger: Logger = Logger(label: "tombolo.queue")
  ) async throws -> SyncQueue {
    let queue = SyncQueue(door: door, configuration: configuration, time: time, ids: ids, logger: logger)
    try queue.requireReachable(configuration.durability)
    do {
      try await queue.engine.open()
      queue.warnOfFarStamps()
    } catch let error as RecordError {
      throw QueueError(.damaged, "the queue's own counts cannot be read: \(error)")
    }
    return queue
  }

  /// Puts another configuration in the place of the present one. What is planned and decided from now on follows it; what was
  /// accepted under other limits stays. A worker that serves the queue is to be told: `SyncWorker.reconfigure`.
  ///
  /// A durability that the store cannot reach is refused at each enqueue from then on: ask `requireReachable` before.
  public func reconfigure(_ configuration: QueueConfiguration) {
    goOnStamping(configuration.versionClock)
    engine.reconfigure(configuration)
  }

  func submit(_ request: QueueRequest) async throws -> QueueAnswer {
    let submitted = SubmittedRequest(request)
    await gatherer.submit(submitted)
    return try submitted.result()
  }

  /// Has several requests processed together, and each answered for itself.
  func submit(_ requests: [QueueRequest]) async -> [Result<QueueAnswer, any Error>] {
    let submitted = SubmittedRequest(requests)
    await gatherer.submit(submitted)
    return submitted.results()
  }

  /// What happens to operations from now on, in order, told after it is durable. A reader that falls more than
  /// `bufferCount` events behind loses the oldest.
  public func events(bufferCount: Int = 1_024) -> AsyncStream<QueueEvent> {
    broadcast.stream(bufferCount: bufferCount)
  }

  func tell(_ id: OperationID, kind: String, _ change: QueueEvent.Change) {
    guard broadcast.isHeard else { return }
    broadcast.send([QueueEvent(id: id, kind: kind, change: change, at: time.now)])
  }
}
