import Logging
import TomboloPorts
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

/// A queue with its worker, in a world where nothing happens by itself.
struct TestQueue: Sendable {
  let store: any KeyValueStore
  let queue: SyncQueue
  let worker: SyncWorker
  let time: ManualTimeSource
  let network: ScriptedNetwork
  let handler: RecordingHandler
  let configuration: QueueConfiguration

  static let failure = DeliveryFailure(.upstreamFailed, "no luck")

  /// - Parameters:
  ///   - opening: a queue of an earlier process, whose time, network, handler and settings go on.
  ///   - clock: what the queue goes by, where some sleep apart from the others.
  static func open(
    _ store: any KeyValueStore, resolver: any ConflictResolver = TimestampConflictResolver(),
    after opening: TestQueue? = nil, handlers: (any OperationHandler)? = nil,
    time ownTime: ManualTimeSource? = nil, clock: ApartTime? = nil,
    _ configure: (inout QueueConfiguration) -> Void = { _ in }
  ) async throws -> TestQueue {
    var configuration = opening?.configuration ?? QueueConfiguration()
    if opening == nil {
      configuration.backoff = Backoff.constant(.seconds(10))
      // The watchdog sleeps beside everything else, and tests count sleepers.
      configuration.stallTimeout = .zero
    }
    configure(&configuration)
    let time = opening?.time ?? clock?.time ?? ownTime ?? ManualTimeSource()
    let source: any TimeSource = if let clock { clock } else { time }
    let network = opening?.network ?? ScriptedNetwork()
    let handler = opening?.handler ?? RecordingHandler()
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let queue = try await SyncQueue.open(
      store: store, configuration: configuration, time: source,
      ids: MonotonicOperationIDSource(random: SeededGenerator(seed: 1)), logger: logger)
    let worker = SyncWorker(
      queue: queue, handler: handlers ?? handler, network: network, resolver: resolver,
      random: SeededGenerator(seed: 2), logger: logger)
    return TestQueue(
      store: store, queue: queue, worker: worker, time: time, network: network, handler: handler,
      configuration: configuration)
  }

  /// The same store in a new process.
  func reopened(in place: TestPlace) async throws -> TestQueue {
    try await TestQueue.open(try await place.reopen(store), after: self)
  }

  @discardableResult
  func add(
    _ kind: String = "test", key: String? = nil, priority: OperationPriority = .normal, coalescing: String? = nil,
    payload: [UInt8] = []
  ) async throws -> OperationID {
    try await queue.enqueue(
      NewOperation(
        kind: kind, payload: payload, priority: priority, orderingKey: key, coalescingKey: coalescing)
    ).id
  }

  func state(_ id: OperationID) async throws -> OperationState? {
    try await queue.snapshot(id)?.state
  }

  /// The kinds of what was attempted, in order.
  var attempted: [String] { handler.calls.map(\.operation.kind) }

  /// Runs the worker while `body` works, then stops it gracefully.
  func whileRunning<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
    async let run: Void = worker.run()
    let result: Result<Value, any Error>
    do {
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    worker.stop()
    try await run
    return try result.get()
  }

  /// Flips a bit of the value at `key`.
  func damage(_ key: Key) async throws {
    guard let record = try await store.get(key) else { throw StoreError(.engine, "there is nothing at \(key)") }
    var value = record.value
    value[value.count / 2] ^= 0x10
    var batch = Batch()
    batch.put(key, value)
    for result in try await store.commit([batch]) { _ = try result.get() }
  }
}

/// The store of each engine, opened.
func withQueue<Value>(
  _ engine: TestEngine, resolver: any ConflictResolver = TimestampConflictResolver(),
  _ configure: (inout QueueConfiguration) -> Void = { _ in },
  _ body: (TestQueue, TestPlace) async throws -> Value
) async throws -> Value {
  try await engine.withPlace { place in
    let test = try await TestQueue.open(try await place.open(), resolver: resolver, configure)
    return try await body(test, place)
  }
}

/// Runs `body` and answers with the queue error it throws.
func queueError(_ body: () async throws -> Void) async throws -> QueueError? {
  do {
    try await body()
    return nil
  } catch let error as QueueError {
    return error
  }
}
