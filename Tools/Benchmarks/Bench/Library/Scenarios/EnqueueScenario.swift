import TomboloPorts
import TomboloQueue
import TomboloStorage

/// So many producers that each enqueue one operation after the other.
struct EnqueueScenario {
  var producerCount: Int
  var payload: [UInt8]
  /// On a store in memory, without the engine.
  var isInMemory = false

  func measure(_ name: String, _ rounds: Rounds) async throws -> BenchmarkResult {
    let floorCount = min(producerCount, 64)
    // Large payloads are bound by the disk's throughput long before.
    let usual = producerCount == 1 ? 4_000 : 40_000
    let count = rounds.settings.count(
      max(32 * producerCount, usual * 256 / max(256, payload.count)), multipleOf: producerCount)
    return try await rounds.compare(
      name,
      floor: { folder in
        let floor = try rounds.engine.floor(in: folder, payload: payload)
        try floor.add(floorCount)
        return try await Meter.measure(count) {
          for _ in 0..<(count + floorCount - 1) / floorCount { try floor.add(floorCount) }
        }
      },
      ours: { folder in
        let store: any KeyValueStore =
          isInMemory ? InMemoryStore() : try await rounds.engine.store(in: "\(folder)/store")
        return try await enqueue(count, in: store)
      },
      watched: { folder, floor in
        let store = WatchedStore(isInMemory ? InMemoryStore() : try await rounds.engine.store(in: "\(folder)/store"))
        let turn = try await enqueue(count, in: store, watchedBy: store.stages)
        let replay =
          isInMemory ? nil : try await EngineReplay(engine: rounds.engine).measure(store.stages.log, in: folder)
        return Rounds.Turn(
          turn.reading,
          figures: StageFigures.figures(
            store.stages.reading, replay, operationCount: count, turn: turn.reading, floorRate: floor.rate))
      })
  }

  private func enqueue(
    _ count: Int, in store: any KeyValueStore, watchedBy stages: StageClock? = nil
  ) async throws -> Rounds.Turn {
    let queue = try await SyncQueue.open(store: store)
    try await queue.enqueue(NewOperation(kind: "bench", payload: payload))
    let times = LatencyLog.make(producerCount, operationCount: count)
    stages?.begin()
    let reading = try await Meter.measure(count) {
      try await Load.enqueue(count, payload: payload, to: queue, times: times, watchedBy: stages)
    }
    stages?.end()
    try await store.close()
    return Rounds.Turn(reading, latencies: LatencyLog.total(times))
  }
}
