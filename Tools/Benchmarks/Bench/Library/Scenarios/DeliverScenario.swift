import TomboloPorts
import TomboloQueue
import TomboloStorage

/// Claim, deliver and settle, with a handler that does nothing; when it is mixed, while 64 producers enqueue.
struct DeliverScenario {
  private static let concurrency = 64

  var isMixed: Bool
  /// On a store in memory, without the engine.
  var isInMemory = false

  func measure(_ name: String, _ rounds: Rounds) async throws -> BenchmarkResult {
    let payload = rounds.settings.payload
    let count = rounds.settings.count(20_000, multipleOf: Self.concurrency)
    return try await rounds.compare(
      name,
      floor: { folder in
        let floor = try rounds.engine.floor(in: folder, payload: payload)
        if !isMixed { for _ in 0..<count / Self.concurrency { try floor.add(Self.concurrency) } }
        return try await Meter.measure(count) {
          for _ in 0..<count / Self.concurrency {
            if isMixed { try floor.add(Self.concurrency) }
            guard try floor.take(Self.concurrency) == Self.concurrency else {
              throw BenchmarkError("something was lost")
            }
          }
        }
      },
      ours: { folder in
        let store: any KeyValueStore =
          isInMemory ? InMemoryStore() : try await rounds.engine.store(in: "\(folder)/store")
        return Rounds.Turn(try await deliver(count, payload, from: store))
      },
      watched: { folder, floor in
        let store = WatchedStore(isInMemory ? InMemoryStore() : try await rounds.engine.store(in: "\(folder)/store"))
        let times = SettleTimes(from: isMixed ? .stored : .claimed)
        let reading = try await deliver(count, payload, from: store, watchedBy: store.stages, times)
        let replay =
          isInMemory ? nil : try await EngineReplay(engine: rounds.engine).measure(store.stages.log, in: folder)
        return Rounds.Turn(
          reading, latencies: times.histogram,
          figures: StageFigures.figures(
            store.stages.reading, replay, operationCount: count, turn: reading, floorRate: floor.rate))
      })
  }

  private func deliver(
    _ count: Int, _ payload: [UInt8], from store: any KeyValueStore, watchedBy stages: StageClock? = nil,
    _ times: SettleTimes? = nil
  ) async throws -> Meter.Reading {
    var configuration = QueueConfiguration()
    configuration.concurrency = Self.concurrency
    let queue = try await SyncQueue.open(store: store, configuration: configuration)
    if let times { queue.add(times) }
    let operations = (0..<Self.concurrency).map { _ in NewOperation(kind: "bench", payload: payload) }
    if !isMixed { for _ in 0..<count / Self.concurrency { _ = try await queue.enqueue(operations) } }
    let handler = CountingHandler(stopAfter: count)
    let worker = SyncWorker(queue: queue, handler: handler)
    handler.whenDone { worker.stop() }
    stages?.begin()
    let reading = try await Meter.measure(count) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await worker.run() }
        if isMixed {
          for operation in operations {
            group.addTask { for _ in 0..<count / Self.concurrency { try await queue.enqueue(operation) } }
          }
        }
        // The first failure ends all: without it the worker would wait for what never comes.
        for try await _ in group {}
      }
    }
    stages?.end()
    guard worker.summary.delivered == count else {
      throw BenchmarkError("\(worker.summary.delivered) of \(count) operations were delivered")
    }
    try await store.close()
    return reading
  }
}
